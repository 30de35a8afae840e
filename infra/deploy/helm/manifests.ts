/** The parts of Kubernetes objects that the tests read. */
export interface Resource {
  kind: string;
  metadata: { name: string; labels?: Labels; annotations?: Record<string, string> };
  spec?: {
    replicas?: number;
    serviceName?: string;
    minReadySeconds?: number;
    minReplicas?: number;
    maxReplicas?: number;
    scaleTargetRef?: { kind: string; name: string };
    maxUnavailable?: number;
    clusterIP?: string;
    selector?: Labels & { matchLabels?: Labels };
    ports?: { name: string; port: number; targetPort: string }[];
    template?: PodTemplate;
    jobTemplate?: { spec: { template: PodTemplate } };
    jobLabel?: string;
    groups?: object[];
    rules?: { host: string; http: { paths: { path: string; pathType: string }[] } }[];
    podSelector?: { matchLabels?: Labels };
    policyTypes?: string[];
    ingress?: PolicyRule[];
    egress?: PolicyRule[];
  };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

type Labels = Record<string, string>;

interface PodTemplate {
  metadata: { labels: Labels };
  spec: PodSpec;
}

export interface PodSpec {
  terminationGracePeriodSeconds: number;
  automountServiceAccountToken?: boolean;
  securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
  topologySpreadConstraints?: { topologyKey: string; labelSelector: { matchLabels: Labels } }[];
  containers: Container[];
  initContainers?: Container[];
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  ports: { name: string; containerPort: number }[];
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop?: string[] };
  };
}

interface Probe {
  httpGet?: { path: string; port: string };
}

export interface PolicyRule {
  from?: { podSelector?: { matchLabels?: Labels } }[];
  to?: { podSelector?: { matchLabels?: Labels } }[];
  ports: { port: number | string }[];
}

/** Parses a YAML text of any number of documents. */
export function parseManifests(text: string): Resource[] {
  const parsed: unknown = Bun.YAML.parse(text);
  return (Array.isArray(parsed) ? parsed : [parsed]).filter((each) => each !== null) as Resource[];
}

/** The object of a kind that belongs to a component, such as the Service of the gateway. */
export const find = (resources: readonly Resource[], kind: string, name: string): Resource | undefined =>
  resources.find((each) => each.kind === kind && each.metadata.name === `games-leaderboard-${name}`);

/** Everything that runs pods. */
export const workloadsOf = (resources: readonly Resource[]): Resource[] =>
  resources.filter(({ spec }) => spec?.template !== undefined || spec?.jobTemplate !== undefined);

/** @throws Error for an object without pods */
export function podOf({ metadata, spec }: Resource): PodSpec {
  const pod = (spec?.jobTemplate?.spec ?? spec)?.template?.spec;
  if (pod === undefined) throw new Error(`${metadata.name} has no pods`);
  return pod;
}

/** The only container of an object's pods. @throws Error where there is none */
export function containerOf(workload: Resource): Container {
  const [container] = podOf(workload).containers;
  if (container === undefined) throw new Error(`${workload.metadata.name} has no container`);
  return container;
}

/**
 * The environment of a container.
 *
 * @param secrets the data of Secrets that are not in the chart, by name
 * @throws Error where it names what is not there
 */
export function environmentOf(
  resources: readonly Resource[],
  container: Container,
  secrets: Record<string, Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    const [kind, { name }] = configMapRef ? ["ConfigMap", configMapRef] : ["Secret", secretRef ?? { name: "" }];
    const source = resources.find((each) => each.kind === kind && each.metadata.name === name);
    const data = source?.data ?? source?.stringData ?? secrets[name];
    if (data === undefined) throw new Error(`${container.name} names ${kind} ${name}, which is not there`);
    Object.assign(environment, data);
  }
  return environment;
}
