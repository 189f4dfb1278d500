import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

/** A certificate and its private key, as PEM text. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateRequest {
  /** The common name: a role, for a client certificate. */
  readonly name: string;
  /** DNS names that it is good for. */
  readonly hosts?: readonly string[];
  /** IP addresses that it is good for. */
  readonly addresses?: readonly string[];
  readonly expired?: boolean;
}

/** A CA of the test's own. */
export interface Authority extends Certificate {
  issue(request: CertificateRequest): Certificate;
}

const DAY_MS = 86_400_000;

/** Makes a CA. */
export function certificateAuthority(name: string): Authority {
  const keys = keyPair();
  const subject = [{ name: 'commonName', value: name }];
  const cert = signed({ keys, subject, issuer: subject, signer: keys.privateKey, days: [-1, 1] }, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]);
  return {
    cert,
    key: keys.key,
    issue: ({ name: common, hosts = [], addresses = [], expired = false }) => {
      const own = keyPair();
      const altNames = [...hosts.map((value) => ({ type: 2, value })), ...addresses.map((ip) => ({ type: 7, ip }))];
      const request = {
        keys: own,
        subject: [{ name: 'commonName', value: common }],
        issuer: subject,
        signer: keys.privateKey,
        days: expired ? ([-2, -1] as const) : ([-1, 1] as const),
      };
      const extensions = altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : [];
      return { cert: signed(request, extensions), key: own.key };
    },
  };
}

/** The same key behind a passphrase. */
export function withPassphrase({ key }: Certificate, passphrase: string): string {
  return forge.pki.encryptRsaPrivateKey(forge.pki.privateKeyFromPem(key), passphrase);
}

function keyPair() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const parsed = forge.pki.privateKeyFromPem(key);
  return { key, privateKey: parsed, publicKey: forge.pki.setRsaPublicKey(parsed.n, parsed.e) };
}

interface Unsigned {
  readonly keys: ReturnType<typeof keyPair>;
  readonly subject: forge.pki.CertificateField[];
  readonly issuer: forge.pki.CertificateField[];
  readonly signer: forge.pki.rsa.PrivateKey;
  /** When it is valid, in days from now. */
  readonly days: readonly [number, number];
}

function signed({ keys, subject, issuer, signer, days }: Unsigned, extensions: object[]): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  // Positive, as a serial number has to be.
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() + days[0] * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + days[1] * DAY_MS);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  certificate.setExtensions(extensions);
  certificate.sign(signer, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
