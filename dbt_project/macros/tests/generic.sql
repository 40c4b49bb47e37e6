{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{# Invariant 3: an unblocked identifier has a user, a blocked one has none and says why. #}
{% test one_user_unless_blocked(model) %}
select *
from {{ model }}
where (user_id is null) <> is_blocked or (block_reason is null) = is_blocked
{% endtest %}

{% test balanced(model) %}
select * from {{ model }} where landed <> shaped + quarantined + duplicates
{% endtest %}
