{{- define "hubbub.labels" -}}
app.kubernetes.io/name: hubbub
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "hubbub.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "hubbub.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "hubbub.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "hubbub.settings" -}}
- {name: HUBBUB_HOST, value: "0.0.0.0"}
- {name: HUBBUB_DATA_DIR, value: /data}
- {name: HUBBUB_PUBLIC_URL, value: {{ .Values.publicUrl | quote }}}
- {name: NATS_URL, value: {{ .Values.engines.natsUrl | quote }}}
- {name: REDIS_URL, value: {{ .Values.engines.redisUrl | quote }}}
{{- with .Values.tracing.endpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "hubbub.probes" -}}
startupProbe:
  httpGet: {path: /health/live, port: http, scheme: {{ .scheme }}}
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: {path: /health/live, port: http, scheme: {{ .scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /health/ready, port: http, scheme: {{ .scheme }}}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}
