-- A file that was not taken fails the run, unless there is nothing in it: its source is behind, others are not.
-- data_quality is named so that this runs after everything else was built, and skips nothing.
-- depends_on: {{ ref('data_quality') }}
select source, entity, file, reason, detail
from {{ ref('landing_files') }}
where is_fatal and is_current
