{{ config(materialized='view') }}

{{ union_shaped('events', [
    ref('stg_shop__transactions'),
    ref('stg_shop__coupon_redemptions'),
    ref('stg_crm__campaign_contacts'),
    ref('stg_synthetic_web__events'),
    ref('stg_synthetic_social__posts'),
    ref('stg_synthetic_social__reactions'),
    ref('stg_synthetic_survey__answers'),
]) }}
