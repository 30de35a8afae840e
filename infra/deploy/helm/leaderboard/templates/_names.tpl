{{/* The release's name, which all objects begin with. */}}
{{- define "leaderboard.name" -}}
{{- if contains "leaderboard" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-leaderboard" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels by which Services, budgets and policies find pods. (list . "gateway") */}}
{{- define "leaderboard.selector" -}}
app.kubernetes.io/name: leaderboard
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of an object. (list . "gateway") */}}
{{- define "leaderboard.labels" -}}
{{ include "leaderboard.selector" . }}
app.kubernetes.io/part-of: leaderboard
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end -}}

{{/* The image of a service. (list . "gateway") */}}
{{- define "leaderboard.image" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
leaderboard-{{ index . 1 }}:{{ get $root.Values.image.tags (index . 1) | default $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- end -}}

{{/* The Secret of a group: "redis", "postgres" or "tokens". (list . "redis") */}}
{{- define "leaderboard.secret" -}}
{{- $root := index . 0 -}}
{{- $group := index . 1 -}}
{{- (index $root.Values $group).existingSecret | default (printf "%s-%s" (include "leaderboard.name" $root) $group) -}}
{{- end -}}

{{/* How many rankers there may be, each of which the gateways know by name. */}}
{{- define "leaderboard.rankersMax" -}}
{{- if .Values.ranker.autoscaling.enabled }}{{ .Values.ranker.autoscaling.max }}{{ else }}{{ .Values.ranker.replicas }}{{ end -}}
{{- end -}}
