{{/* The groups of secrets that a service reads. A ranker reads archived seasons in PostgreSQL, and nothing else. */}}
{{- define "leaderboard.groups" -}}
{{- get (dict "gateway" "[redis, tokens]" "ranker" "[redis, postgres, tokens]" "drainer" "[redis, postgres]") . -}}
{{- end -}}

{{/* The security context of every container. */}}
{{- define "leaderboard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end -}}

{{/* What every pod begins with. The user 1000 is "bun" in the images. */}}
{{- define "leaderboard.podSecurity" -}}
automountServiceAccountToken: false
# The services do not read the variables that Kubernetes makes of its Services.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* Where the pods of a service may and should run. (list . "gateway" "pod-template-hash") */}}
{{- define "leaderboard.placement" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
{{- $selector := include "leaderboard.selector" (list $root (index . 1)) -}}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.volumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
    matchLabelKeys:
      - {{ index $ 2 }}
  {{- end }}
{{- end -}}

{{/* Annotations of a service's pods: a changed variable or secret restarts them one after another. (list . "gateway") */}}
{{- define "leaderboard.podAnnotations" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
{{- $known := include "leaderboard.variables" . -}}
{{- range $group := include "leaderboard.groups" $service | fromYamlArray -}}
{{- if not (index $root.Values $group).existingSecret }}{{ $known = printf "%s%s" $known (include "leaderboard.secretData" (list $root $group)) }}{{ end -}}
{{- end -}}
checksum/variables: {{ sha256sum $known }}
{{- with (index $root.Values $service).annotations }}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* The container of a service. (list . "gateway" 4000 30) with its port and the seconds that it may start for. */}}
{{- define "leaderboard.container" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
{{- $values := index $root.Values $service -}}
- name: {{ $service }}
  image: {{ include "leaderboard.image" . }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  ports:
    - name: http
      containerPort: {{ index . 2 }}
    - name: metrics
      containerPort: 9464
  envFrom:
    - configMapRef:
        name: {{ include "leaderboard.name" $root }}-{{ $service }}
    {{- range include "leaderboard.groups" $service | fromYamlArray }}
    - secretRef:
        name: {{ include "leaderboard.secret" (list $root .) }}
    {{- end }}
  startupProbe:
    httpGet:
      path: /health
      port: http
    periodSeconds: 1
    failureThreshold: {{ index . 3 }}
  livenessProbe:
    httpGet:
      path: /health
      port: http
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 3
  readinessProbe:
    httpGet:
      path: /ready
      port: http
    periodSeconds: 2
    timeoutSeconds: 2
    failureThreshold: 2
  # No CPU limit, because a throttled process misses its deadlines.
  resources:
    {{- toYaml $values.resources | nindent 4 }}
  securityContext:
    {{- include "leaderboard.containerSecurity" $root | nindent 4 }}
  {{- with $root.Values.volumeMounts }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
