-- The marts and ml tables of the contract, with 200 made-up users.
create schema raw; create schema intermediate; create schema marts; create schema ml;
select setseed(0.42);

create table raw.shop__transactions as select 'secret' as basket_id;
create table raw.load_ledger as
select 1::bigint as batch_id, 'shop' as source, 'transactions' as entity, 'shop/transactions/2017-01.csv' as file,
       1000::bigint as size_bytes, timestamp '2018-01-01' as modified_at, 'csv' as format, 'taken' as status,
       null::varchar as reason, null::varchar as detail, null::varchar as missing_columns,
       5000::bigint as rows, 4990::bigint as rows_loaded, 10::bigint as rows_rejected, timestamp '2018-01-01 08:00' as loaded_at
union all
select 1, 'crm', 'customers', 'crm/customers/broken.parquet', 4, timestamp '2018-01-01', 'parquet', 'rejected',
       'unreadable_file', 'too small to be a Parquet file', null, 0, 0, 0, timestamp '2018-01-01 08:00';

create table marts.dim_users as
select 'u' || lpad(to_hex(i), 16, '0') as user_id,
       'user' || i || '@example.org' as email, '+1555000' || lpad(i::varchar, 4, '0') as phone,
       'First' || i as first_name, case when i = 7 then '<script>alert(1)</script>' else 'Last' || i end as last_name,
       'crm' as first_name_source, timestamp '2017-02-03 04:05' as first_name_updated_at,
       case when i % 2 = 0 then 'crm' else 'synthetic_social' end as last_name_source,
       timestamp '2017-02-03' as last_name_updated_at,
       timestamp '2017-01-03' + to_days((i * 37 % 360)::integer) as first_seen_at,
       timestamp '2017-12-31' - to_days((i % 90)::integer) as last_seen_at,
       (1 + i % 6)::bigint as identifiers, 'crm|shop' as sources, (2 + i % 9)::bigint as record_count
from range(200) r(i);

create view marts.user_attribute_evidence as
select user_id, 'first_name' as attribute, first_name as value, first_name_source as source, 'customers' as entity,
       first_name_updated_at as first_updated_at, first_name_updated_at as last_updated_at, 1::bigint as records,
       true as is_winner, 'most_trusted' as rule, null::varchar as lost_because
from warehouse.marts.dim_users;

create table marts.dim_items as select 'p' || i as item_id, 'Grocery' as department from range(20) r(i);

create table marts.fct_events as
select 'shop.transactions:' || u || '-' || e as event_id, 'shop' as source, 'transactions' as entity,
       'purchase' as event_type, timestamp '2017-12-31 12:00' - to_days(((u * 7 + e * 13) % 360)::integer) as occurred_at,
       (date '2017-12-31' - ((u * 7 + e * 13) % 360)::integer) as occurred_on,
       'p' || (e % 20) as item_id, 1.0 as quantity, round(1 + random() * 20, 2) as amount,
       'u' || lpad(to_hex(u), 16, '0') as user_id
from range(200) r(u), range(25) q(e);

create table marts.identity_map as
select type as identifier_type,
       case type when 'email' then 'user' || i || '@example.org' when 'card' then 'c' || i || '-' || n
            else '+1555000' || lpad(i::varchar, 4, '0') end as identifier_value,
       'u' || lpad(to_hex(i), 16, '0') as user_id, false as is_blocked, null::varchar as block_reason,
       timestamp '2018-01-01' as first_known_at, null::timestamp as known_to
from range(200) r(i), range(6) k(n),
     (values ('email', 0), ('phone', 0), ('card', 1)) t(type, several)
where n = 0 or (several = 1 and n <= i % 4)
union all
select 'email', 'test@test.com', null, true, 'sentinel', timestamp '2018-01-01', null
union all
select 'phone', '+10000000000', null, true, 'sentinel', timestamp '2018-01-01', null
union all
select 'email', 'info@example.org', null, true, 'too_many_links', timestamp '2018-01-01', null;

create table marts.identity_changes as
select i::bigint as change_id, 'u' || lpad(to_hex(i), 16, '0') as user_id, 'created' as event,
       null::varchar as other_user_id, timestamp '2018-01-01' as changed_at, 1::bigint as batch_id,
       'record' as cause, null::varchar as cause_detail
from range(200) r(i)
union all
select 1000 + i, 'u' || lpad(to_hex(1000 + i), 16, '0'), event, 'u' || lpad(to_hex(i), 16, '0'),
       timestamp '2018-01-02', 2, cause, 'email=user' || i || '@example.org'
from (values (1, 'merged_into', 'record'), (2, 'merged_into', 'override'), (3, 'split_from', 'blocked')) t(i, event, cause);

create table marts.user_features as
select 'u' || lpad(to_hex(i), 16, '0') as user_id, date '2017-12-31' as as_of,
       round(-ln(1 - random()) * 120, 2) as spend_28d, round(-ln(1 - random()) * 400, 2) as spend_91d,
       (random() * 12)::bigint as purchase_days_28d, (random() * 60)::bigint as days_since_last_purchase,
       random() as web_session_entropy, round(random() * 40, 1) as basket_size_mean,
       case when random() < 0.4 then null else round(1 + random() * 9, 1) end as survey_rating_mean,
       'Grocery' as top_department
from range(200) r(i);

create table marts.training_examples as
select user_id, date '2017-11-26' as cutoff, spend_28d, spend_28d * 1.05 as label_spend_next_28d from marts.user_features;

create table marts.data_quality as
select * from (values
  ('shop', 'transactions', 1::bigint, 5100::bigint, 5000::bigint, 60::bigint, 40::bigint),
  ('shop', 'products', 1, 21, 20, 0, 1), ('crm', 'customers', 1, 260, 230, 20, 10),
  ('synthetic_web', 'events', 1, 3000, 2800, 120, 80), ('synthetic_social', 'posts', 1, 400, 380, 15, 5),
  ('synthetic_survey', 'answers', 1, 220, 200, 12, 8)
) t(source, entity, batch_id, landed, shaped, quarantined, duplicates);

create table marts.quarantined_rows as
select source, entity, source || '/' || entity || '/2017-01.csv' as file, i::bigint as row_number, column_name, reason,
       'was "<b>?</b>"' as detail, 1::bigint as batch_id, timestamp '2018-01-01' as loaded_at
from (values ('shop', 'transactions', 'sales_value', 'impossible_amount', 60), ('crm', 'customers', 'email', 'invalid_email', 20),
             ('synthetic_web', 'events', 'occurred_at', 'impossible_date', 70), ('synthetic_web', 'events', null, 'malformed_line', 50),
             ('synthetic_social', 'posts', 'text', 'missing_value', 15), ('synthetic_survey', 'answers', 'rating', 'out_of_range', 12)
     ) t(source, entity, column_name, reason, n), range(200) r(i)
where i < n;

create table ml.runs as
select 'run-1' as run_id, 'spend_next_28d' as task, timestamp '2018-01-01 09:00' as created_at,
       'hist_gradient_boosting' as chosen, true as promoted, 'beats the baseline on rmse' as reason, 42::bigint as seed,
       '{}' as params, 'abc' as data_fingerprint, 1600::bigint as n_train, 200::bigint as n_test,
       '2017-07-30,2017-08-27' as train_cutoffs, date '2017-11-26' as test_cutoff,
       'baseline' as baseline, 12.5 as seconds;

create table ml.metrics as
select 'run-1' as run_id, 'spend_next_28d' as task, c.candidate, s.split, m.metric,
       round((m.value * (1 + c.worse * m.sign))::double, 4) as value,
       round((m.value * (1 + c.worse * m.sign) * 0.96)::double, 4) as low,
       round((m.value * (1 + c.worse * m.sign) * 1.04)::double, 4) as high
from (values ('baseline', 0.05), ('linear', 0.04), ('ridge', 0.035), ('lasso', 0.03), ('decision_tree', 0.12),
             ('random_forest', 0.02), ('hist_gradient_boosting', 0.0), ('mlp', 0.06)) c(candidate, worse),
     (values ('validation'), ('test')) s(split),
     (values ('mse', 10900.0, 1), ('rmse', 104.4, 1), ('mae', 65.8, 1), ('r2', 0.73, -1), ('spearman', 0.86, -1)) m(metric, value, sign)
where s.split = 'validation' or c.candidate in ('baseline', 'hist_gradient_boosting', 'ridge');

create table ml.models as
select 'model-1' as model_id, 'run-1' as run_id, 'spend_next_28d' as task, 'regression' as kind,
       'hist_gradient_boosting' as candidate, 1 as format_version, 'artefact'::blob as artefact, '[]' as features,
       timestamp '2018-01-01 09:00' as created_at, true as serving;

create table ml.scores as
select user_id, 'spend_next_28d' as task, round(spend_28d * 0.9 + 8, 2) as score,
       percent_rank() over (order by spend_28d) as percentile, 'model-1' as model_id,
       timestamp '2018-01-01 09:00' as scored_at, date '2017-12-31' as as_of
from marts.user_features;

create table ml.feature_importance as
select 'model-1' as model_id, 'spend_next_28d' as task, feature, importance::double as importance,
       importance::double * 0.8 as low, importance::double * 1.2 as high
from (values ('spend_91d', 38.0), ('spend_28d', 21.0), ('purchase_days_28d', 8.0), ('days_since_last_purchase', 3.0),
             ('basket_size_mean', 1.2), ('web_session_entropy', 0.1)) t(feature, importance);

create table ml.test_predictions as
select 'model-1' as model_id, 'spend_next_28d' as task, user_id, date '2017-11-26' as cutoff,
       greatest(0, round(spend_28d * (0.6 + random() * 0.8), 2)) as actual, round(spend_28d * 0.95 + 6, 2) as predicted,
       round(spend_91d / 3.25, 2) as baseline
from marts.user_features;

create view marts.user_profile as
select u.*, f.* exclude (user_id), s.score as spend_next_28d
from warehouse.marts.dim_users u
left join warehouse.marts.user_features f on f.user_id = u.user_id
left join warehouse.ml.scores s on s.user_id = u.user_id and s.task = 'spend_next_28d';
