{{- define "guiju.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "guiju.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "guiju.labels" -}}
{{ include "guiju.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "guiju.check" -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- if not .Values.database.existingSecret -}}
{{- fail "replicaCount > 1 needs PostgreSQL: several pods cannot share one SQLite file. Set database.existingSecret." -}}
{{- end -}}
{{- if and (ne .Values.persistence.accessMode "ReadWriteMany") (not .Values.persistence.existingClaim) -}}
{{- fail "replicaCount > 1 needs a shared volume: set persistence.accessMode to ReadWriteMany, or persistence.existingClaim." -}}
{{- end -}}
{{- end -}}
{{- end -}}
