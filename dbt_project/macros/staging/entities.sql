{# The staging models, as [source, entity] in order: every union over entities loops over this. #}
{% macro staged_entities() %}
  {% do return([
    ['shop', 'transactions'], ['shop', 'coupon_redemptions'], ['shop', 'products'],
    ['crm', 'customers'], ['crm', 'campaign_contacts'],
    ['synthetic_web', 'events'],
    ['synthetic_social', 'accounts'], ['synthetic_social', 'posts'], ['synthetic_social', 'reactions'],
    ['synthetic_survey', 'answers'],
  ]) %}
{% endmacro %}
