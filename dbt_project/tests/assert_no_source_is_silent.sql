-- A source that stopped, or goes on delivering and has nothing new to tell: its newest event lies further back from the
-- last complete day than var silent_after_days. A warning, because shops do close for the summer.
{{ config(severity='warn') }}
select events.source, max(events.occurred_on) as last_event_on, max(clock.as_of) as as_of
from {{ ref('int_events') }} as events
cross join {{ ref('int_clock') }} as clock
group by events.source
having {{ days_between('max(events.occurred_on)', 'max(clock.as_of)') }} > {{ var('silent_after_days') }}
