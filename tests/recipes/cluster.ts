/**
 * The body of a stand-in for kubectl: one running Deployment for each version, and the Service `shop` that sends traffic
 * to one of them. The Deployment `shop`, of an application that has one for all versions, runs the last of them.
 */
export function cluster({ versions, live }: { versions: readonly string[]; live: string }): string {
  const items = versions.map((version) => ({
    metadata: { name: `shop-${version}`, labels: { app: 'shop', version } },
    spec: {
      replicas: 2,
      template: { spec: { containers: [{ name: 'shop', env: [{ name: 'DBOS__APPVERSION', value: version }] }] } },
    },
    status: { availableReplicas: 2, readyReplicas: 2 },
  }));
  return `case "$*" in
    *' --filename -') cat > /dev/null ;;
    'get service shop '*) printf %s '${live}' ;;
    'get deployments '*) cat <<'JSON'
${JSON.stringify({ items })}
JSON
    ;;
    'get deployment shop '*) printf '%s\\n' '${JSON.stringify(items.at(-1) ?? {})}' ;;
  esac`;
}
