/**
 * The body of a stand-in for kubectl: one running Deployment for each version, and the Service `shop` that sends traffic
 * to one of them.
 */
export function cluster({ versions, live }: { versions: readonly string[]; live: string }): string {
  const items = versions.map((version) => ({
    metadata: { name: `shop-${version}`, labels: { app: 'shop', version } },
    spec: { replicas: 2 },
    status: { availableReplicas: 2 },
  }));
  return `case "$*" in
    'get service shop '*) printf %s '${live}' ;;
    'get deployments '*) cat <<'JSON'
${JSON.stringify({ items })}
JSON
    ;;
  esac`;
}
