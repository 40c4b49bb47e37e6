{# Identifiers of which a record came, went or changed. #}
{% macro identifiers_to_judge() -%}
  select identifier_id from {{ update_ref('int_identifier_activity') }} where changed_in > __through__
  union
  select links.identifier_id from {{ update_ref('int_identity_links') }} as links
  inner join {{ update_ref('int_identity_evidence') }} as evidence on links.identity_key = evidence.identity_key
  where evidence.changed_in > __through__
{%- endmacro %}

{# The seeds that block, as one short text that changes with them. #}
{% macro identity_lists_as_text() -%}
  select coalesce(md5(string_agg(line, chr(10) order by line)), '') from (
    select concat_ws(chr(31), 1, identifier_type, identifier_value, reason) as line
    from {{ update_ref('blocked_identifiers') }}
    union all
    select concat_ws(chr(31), 2, local_part) from {{ update_ref('role_mailboxes') }}
    union all
    select concat_ws(chr(31), 3, action, identifier_id, reason) from {{ update_ref('int_identity_overrides') }}
    where action in ('block', 'allow')
  ) as lines
{%- endmacro %}

{# What is bad by its value alone. #}
{% macro listed_reasons() -%}
    select identifiers.identifier_id, 1 as rank, 'known_bad: ' || known_bad.reason as block_reason
    from identifiers
    inner join {{ ref('blocked_identifiers') }} as known_bad
        on
            identifiers.identifier_type = known_bad.identifier_type
            and identifiers.identifier_value = known_bad.identifier_value
    union all
    select identifiers.identifier_id, 2 as rank, 'role_mailbox: ' || role_mailboxes.local_part as block_reason
    from identifiers
    inner join {{ ref('role_mailboxes') }} as role_mailboxes
        on split_part(identifiers.identifier_value, '@', 1) = role_mailboxes.local_part
    where identifiers.identifier_type = 'email'
    union all
    select identifier_id, 3 as rank, 'one_digit: not a phone number' as block_reason
    from identifiers
    where
        identifier_type = 'phone'
        and length(replace(right(identifier_value, 8), right(identifier_value, 1), '')) = 0
    union all
    select identifier_id, 3 as rank, 'all_zeros: what programs write for nobody' as block_reason
    from identifiers
    where identifier_type <> 'phone' and trim(identifier_value, '0-.:_ ') = ''
{%- endmacro %}
