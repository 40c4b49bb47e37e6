-- What a training of every kind adds to the small warehouse, and the links between identifiers.
alter table ml.runs add column kind varchar;

create table ml.score_reasons as
select user_id, 'spend_next_28d' as task, 1 as rank, 'spend_91d' as feature, '<b>12</b>' as value, 5.5 as contribution,
       'exact' as method, case when user_id = 'u0000000000000006' then 'older' else 'model-1' end as model_id
from marts.user_features;

create view marts.user_scores as select *, 'ridge' as candidate from warehouse.ml.scores;

create table marts.user_segments as
select user_id, 'audiences' as task, if(spend_28d > 100, 'Spends much', 'Spends little') as segment,
       'Spends (<i>x</i>)' as description, 100::bigint as users, 0.5 as share, 10.0 as value, 0.1 as distance,
       'model-2' as model_id, as_of
from marts.user_features;

create table ml.segment_profiles as
select 'audiences' as task, segment, 'x' as description, 100::bigint as users, 0.5 as share, 10.0 as value,
       '{"value_share": 0.25, "traits": [{"feature": "spend_28d", "apart": 1.2, "mean": 150.5, "overall": 80.0}]}'
       as details, 'model-2' as model_id
from (values ('Spends much'), ('Spends little')) t(segment)
union all
select 'audiences', 'Retired', 'x', 100, 0.5, 10.0, '{}', 'model-0';

create table marts.user_recommendations as
select user_id, 'products' as task, 1 as rank, 'p1' as item, 'Grocery' as department, 'CHEESE' as category,
       null::varchar as subcategory, 'Private' as brand, 'you buy this often' as reason
from marts.dim_users;

create table marts.identity_links as
select user_id, 1::bigint as identifier_id, 'email' as identifier_type, email as identifier_value,
       0::bigint as other_id, 'phone' as other_type, phone as other_value, 3::bigint as records, 'crm' as last_source,
       null::varchar as override_reason, timestamp '2017-01-03' as first_seen_at, timestamp '2017-02-03' as last_seen_at
from marts.dim_users;
