import { X509Certificate } from 'node:crypto';

/**
 * Whether a text holds certificates in PEM form, each of which can be read. Node itself says nothing of those that it
 * cannot read, and takes an empty text for no CA at all, which is to trust every public one (`ca` of its
 * `tls.createSecureContext`); libpq refuses such a file.
 */
export function holdsCertificates(pem: string): boolean {
  const certificates = pem
    .split(/(?=-----BEGIN )/)
    .filter((part) => /^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(part));
  return certificates.length > 0 && certificates.every(isReadable);
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(certificate).raw.length > 0;
  } catch {
    return false;
  }
}
