{{ config(materialized='view') }}

{{ shape_of('events', [
    ['shop', 'transactions'],
    ['shop', 'coupon_redemptions'],
    ['crm', 'campaign_contacts'],
    ['synthetic_web', 'events'],
    ['synthetic_social', 'posts'],
    ['synthetic_social', 'reactions'],
    ['synthetic_survey', 'answers'],
]) }}
