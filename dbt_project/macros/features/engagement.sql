{# Campaigns, coupons, social media and surveys: what a user answers to. #}
{% macro engagement_columns() %}
  {% do return({
    'count': ['contacts_28d', 'contacts_91d', 'contacts_all', 'redemptions_28d', 'redemptions_91d', 'redemptions_all',
      'posts_28d', 'posts_182d', 'likes_182d', 'follows_182d', 'survey_answers_182d'],
    'measure': ['redemptions_per_contact_182d', 'days_since_contact', 'days_since_survey', 'satisfaction_mean_364d',
      'intent_mean_364d'],
  }) %}
{% endmacro %}

{% macro engagement_ctes(spine) %}
engagement_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'engagements', ['contacts', 'redemptions', 'posts', 'likes', 'follows', 'answers',
      'satisfaction_sum', 'satisfaction_answers', 'intent_sum', 'intent_answers']) }}

),

engagement_sums as (

    select
        user_key,
        cutoff,
        {%- for column in ['contacts', 'redemptions'] %}
        {{ window_sum(column, 28) }} as {{ column }}_28d,
        {{ window_sum(column, 91) }} as {{ column }}_91d,
        {{ window_sum(column, 182) }} as {{ column }}_182d,
        cast(sum({{ column }}) as double) as {{ column }}_all,
        {%- endfor %}
        {{ window_sum('posts', 28) }} as posts_28d,
        {{ window_sum('posts', 182) }} as posts_182d,
        {{ window_sum('likes', 182) }} as likes_182d,
        {{ window_sum('follows', 182) }} as follows_182d,
        {{ window_sum('answers', 182) }} as survey_answers_182d,
        min(days_ago) filter (where contacts > 0) as days_since_contact,
        min(days_ago) filter (where answers > 0) as days_since_survey,
        {%- for question in ['satisfaction', 'intent'] %}
        {{ ratio(window_sum(question ~ '_sum', 364), window_sum(question ~ '_answers', 364)) }}
            as {{ question }}_mean_364d {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from engagement_rows
    group by user_key, cutoff

),

engagement as (

    select
        *,
        {{ ratio('redemptions_182d', 'contacts_182d') }} as redemptions_per_contact_182d
    from engagement_sums

)
{%- endmacro %}
