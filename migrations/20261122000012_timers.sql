-- What the timers look for, beside the alarms of clocks: suspended cases whose date has come.

create index city_case_resume_idx on city_case (resume_at)
    where resume_at is not null and ended_at is null;
