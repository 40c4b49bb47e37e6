{% for source_name, entity in staged_entities() %}
select source, entity, batch_id, file, row_number, column_name, reason, detail, loaded_at
from {{ ref('quarantine_' ~ source_name ~ '__' ~ entity) }}
{{ 'union all' if not loop.last }}
{% endfor %}
