{{- define "dialgraph.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "dialgraph.selector" -}}
app.kubernetes.io/name: dialgraph
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dialgraph.labels" -}}
{{ include "dialgraph.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
