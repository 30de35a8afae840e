import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The parts of Kubernetes objects that the tests read. */
export interface Resource {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
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
    template?: { metadata: { labels: Labels }; spec: PodSpec };
    rules?: { host: string; http: { paths: { path: string; pathType: string }[] } }[];
    podSelector?: { matchLabels?: Labels };
    policyTypes?: string[];
    ingress?: PolicyRule[];
    egress?: PolicyRule[];
  };
  data?: Record<string, string>;
}

type Labels = Record<string, string>;

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

export interface Kustomization {
  configMapGenerator?: { name: string; literals?: string[] }[];
  secretGenerator?: { name: string; envs?: string[]; literals?: string[]; files?: string[] }[];
  images?: { name: string }[];
}

/** Parses a YAML text of any number of documents. */
export function parseManifests(text: string): Resource[] {
  const parsed: unknown = Bun.YAML.parse(text);
  return (Array.isArray(parsed) ? parsed : [parsed]).filter((each) => each !== null) as Resource[];
}

/** Reads the manifests of a folder, before any kustomization. */
export async function readManifests(dir: string): Promise<Resource[]> {
  const files = readdirSync(dir).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml");
  const texts = await Promise.all(files.sort().map((file) => Bun.file(join(dir, file)).text()));
  return texts.flatMap(parseManifests);
}

export const readKustomization = async (dir: string): Promise<Kustomization> =>
  Bun.YAML.parse(await Bun.file(join(dir, "kustomization.yaml")).text()) as Kustomization;

/** Parses `NAME=value` lines. A value may contain `=`. */
export const toEnvironment = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(lines.filter((line) => line !== "").map((line) => line.split(/=(.*)/s).slice(0, 2)));
