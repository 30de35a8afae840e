{{/* Refuses in ConfigMaps what belongs into a Secret, and what the chart sets itself. (list "gateway.config" map) */}}
{{- define "leaderboard.checkConfig" -}}
{{- $where := index . 0 -}}
{{- range $name, $value := index . 1 -}}
{{- if regexMatch "^(REDIS|POSTGRES)_URL(_|$)|^JWT_SECRET|PASSWORD$" $name -}}
{{- fail (printf "%s must not have %s, because ConfigMaps are no place for secrets: set redis, postgres or tokens" $where $name) -}}
{{- end -}}
{{- if has $name (list "HOST" "PORT" "METRICS_PORT" "REGIONS" "BOARDS" "PARTITIONS" "LEADERBOARD_SERVICE_URLS") -}}
{{- fail (printf "%s must not have %s, which the chart sets" $where $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What all services read, as YAML. */}}
{{- define "leaderboard.commonVariables" -}}
{{- include "leaderboard.checkConfig" (list "config" .Values.config) -}}
NODE_ENV: production
HOST: 0.0.0.0
METRICS_PORT: "9464"
REGIONS: {{ join "," .Values.regions }}
PARTITIONS: {{ .Values.partitions | toString | quote }}
BOARDS: {{ join "," .Values.boards }}
# Bun cannot cache compiled files on a read-only file system.
BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0"
{{- end -}}

{{/* The addresses of every ranker that the autoscaler may start. The gateway skips those that do not run. */}}
{{- define "leaderboard.rankerUrls" -}}
{{- $ranker := printf "%s-ranker" (include "leaderboard.name" .) -}}
{{- $urls := list -}}
{{- range until (int (include "leaderboard.rankersMax" .)) -}}
{{- $urls = append $urls (printf "http://%s-%d.%s:5000" $ranker . $ranker) -}}
{{- end -}}
{{- join "," $urls -}}
{{- end -}}

{{/* A value of a variable. Helm reads numbers of files as floats, and would write 1000000 as 1e+06. */}}
{{- define "leaderboard.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ printf "%.0f" . }}{{ else }}{{ toString . }}{{ end -}}
{{- end -}}

{{/* The data of a service's ConfigMap. (list . "gateway") */}}
{{- define "leaderboard.variables" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
{{- $variables := include "leaderboard.commonVariables" $root | fromYaml -}}
{{- $own := dict -}}
{{- if ne $service "lb" }}{{ $own = (index $root.Values $service).config }}{{ end -}}
{{- include "leaderboard.checkConfig" (list (printf "%s.config" $service) $own) -}}
{{- include "leaderboard.checkConfig" (list "tokens.config" $root.Values.tokens.config) -}}
{{- if eq $service "gateway" -}}
{{- $_ := set $variables "LEADERBOARD_SERVICE_URLS" (include "leaderboard.rankerUrls" $root) -}}
{{- /* A restarted ranker has a new address, which Bun looks up after this time. */ -}}
{{- $_ := set $variables "BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS" "5" -}}
{{- end -}}
{{- if and (eq $service "gateway") $root.Values.ingress.enabled $root.Values.ingress.tlsSecret -}}
{{- $_ := set $variables "PUBLIC_URL" (printf "https://%s" $root.Values.ingress.host) -}}
{{- end -}}
{{- $tokens := ternary (dict) $root.Values.tokens.config (eq $service "drainer") -}}
{{- range $each := list $root.Values.config $tokens $own -}}
{{- range $name, $value := $each }}{{ $_ := set $variables $name (include "leaderboard.text" $value) }}{{ end -}}
{{- end -}}
{{- range $name, $value := $variables }}
{{ $name }}: {{ $value | quote }}
{{- end -}}
{{- end -}}

{{/* The data of a Secret that the chart makes. (list . "redis") */}}
{{- define "leaderboard.secretData" -}}
{{- $root := index . 0 -}}
{{- $group := index . 1 -}}
{{- $values := index $root.Values $group -}}
{{- $trial := $root.Values.trialStores -}}
{{- $name := include "leaderboard.name" $root -}}
{{- if eq $group "tokens" -}}
JWT_SECRET: {{ required "set tokens.secret or tokens.existingSecret" $values.secret | quote }}
{{- with $values.previousSecret }}
JWT_SECRET_PREVIOUS: {{ . | quote }}
{{- end -}}
{{- else if and $trial.enabled (eq $group "redis") -}}
REDIS_URL: redis://{{ $name }}-redis:6379
{{- else if $trial.enabled -}}
{{- $server := printf "postgres://leaderboard:%s@%s-postgres:5432" (required "set trialStores.postgresPassword" $trial.postgresPassword) $name -}}
POSTGRES_URL: {{ $server }}/leaderboard_global
{{- else -}}
{{ upper $group }}_URL: {{ required (printf "set %s.url or %s.existingSecret" $group $group) $values.url | quote }}
{{- range $region, $url := $values.urls }}
{{- if not (has $region $root.Values.regions) }}{{ fail (printf "%s.urls has %s, but regions does not" $group $region) }}{{ end }}
{{ upper $group }}_URL_{{ $region }}: {{ $url | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
