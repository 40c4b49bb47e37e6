{{ config(materialized='tracked', key=['identity_key', 'occurred_on']) }}
-- One row per identity, day and first usable day of what is neither a purchase nor a web visit. Every column adds up.
{% set counted = {
    'contacts': 'campaign_contact', 'redemptions': 'coupon_redemption', 'posts': 'post', 'likes': 'like',
    'follows': 'follow', 'answers': 'survey_answer',
} %}
{{ touched('select distinct identity_key, seen_on as occurred_on from ' ~ update_ref('int_sightings')
  ~ ' where changed_in > __through__ and event_type in (' ~ text_list(counted.values()) ~ ')') }}

with events as {{ inlined() }} (

    select * from {{ ref('int_events') }}

),

rows_by_day as {{ inlined() }} (

    select
        identity_key,
        occurred_on,
        {{ usable_on('occurred_on', 'known_on') }} as usable_on,
        event_type,
        subject,
        {{ exact('rating') }} as rating,
        nullif(trim(text), '') as written,
        tags,
        lower(coalesce(text, '') || ' ' || coalesce(tags, '')) as searched
    from events
    where
        event_type in ({{ text_list(counted.values()) }})
        {{ in_update('and ' ~ is_touched('events', ['identity_key', 'occurred_on'])) }}

),

final as (

    select
        -- ids
        identity_key,

        -- days
        occurred_on,
        usable_on,

        -- sums
        {%- for column, event_type in counted.items() %}
        count(*) filter (where event_type = '{{ event_type }}') as {{ column }},
        {%- endfor %}
        {%- for question in ['satisfaction', 'intent'] %}
        {{ exact("coalesce(sum(rating) filter (where subject = '" ~ question ~ "'), 0)") }} as {{ question }}_sum,
        count(rating) filter (where subject = '{{ question }}') as {{ question }}_answers,
        {%- endfor %}
        count(written) as texts,
        -- as bigint: the engine reads 128-bit sums ten times as slowly
        cast(coalesce(sum(length(written)), 0) as bigint) as text_chars,
        cast(coalesce(sum(length(written) - length(replace(written, ' ', '')) + 1), 0) as bigint) as text_words,
        {%- for group, words in var('text_keywords').items() %}
        count(*) filter (where {{ has_word('searched', words) }}) as texts_on_{{ group }},
        {%- endfor %}
        cast(
            coalesce(sum(length(tags) - length(replace(tags, '|', '')) + 1) filter (where tags <> ''), 0) as bigint
        ) as tags
    from rows_by_day
    group by identity_key, occurred_on, usable_on

)

select * from final
