interface Cluster {
  readonly versions: readonly string[];
  readonly live: string;
  readonly starting?: readonly string[];
}

/**
 * The body of a stand-in for kubectl: one running Deployment for each version, and the Service `shop` that sends traffic
 * to one of them. Those that are starting have no Pod that is ready. The Deployment `shop`, of an application that has one for all versions, runs the last of them.
 */
export function cluster({ versions, live, starting = [] }: Cluster): string {
  const items = [...starting, ...versions].map((version) => ({
    metadata: { name: `shop-${version}`, labels: { app: 'shop', version } },
    spec: {
      replicas: 2,
      template: { spec: { containers: [{ name: 'shop', env: [{ name: 'DBOS__APPVERSION', value: version }] }] } },
    },
    status: starting.includes(version) ? {} : { availableReplicas: 2, readyReplicas: 2 },
  }));
  return `case "$*" in
    *' --filename -') cat > /dev/null ;;
    'get service shop '*) printf %s '${live}' ;;
    'get deployments '*) cat <<'JSON'
${JSON.stringify({ items })}
JSON
    ;;
    'get pods '*' --output json') cat <<'JSON'
${JSON.stringify({ items: items.map(({ metadata, spec }) => ({ metadata, spec: spec.template.spec })) })}
JSON
    ;;
    'get deployment shop '*) printf '%s\\n' '${JSON.stringify(items.at(-1) ?? {})}' ;;
  esac`;
}
