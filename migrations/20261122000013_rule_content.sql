-- The rest of what stands in a rule set, and the lock on what was approved.

-- How long a stage may take where nothing else says so.
create table rule_stage_limit (
    rule_set_id  integer not null,
    stage        clock_stage not null,
    calendar     clock_calendar not null,
    limit_s      integer not null,
    constraint rule_stage_limit_pk primary key (rule_set_id, stage),
    constraint rule_stage_limit_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint rule_stage_limit_limit check (limit_s > 0)
);

create type rework_limit as enum ('original', 'remaining');

-- One row a set; the columns are explained where the program reads them (rules::Policy).
create table rule_policy (
    rule_set_id           integer not null,
    extensions_max        smallint not null,
    suspension_days_max   smallint not null,
    dispute_window_s      integer not null,
    dispute_pauses        boolean not null,
    arrival_radius_m      double precision not null,
    check_radius_m        double precision not null,
    arrive_within_s       integer not null,
    repair_within_s       integer not null,
    escalate_after_s      integer not null,
    rework_limit          rework_limit not null,
    quick_cap_fen         bigint not null,
    quick_close_cap_fen   bigint not null,
    -- [{"code": text, "zh": text, "en": text}]
    quick_reasons         jsonb not null,
    undo_within_s         integer not null,
    duplicate_radius_m    double precision not null,
    duplicate_window_s    integer not null,
    constraint rule_policy_pk primary key (rule_set_id),
    constraint rule_policy_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    -- Article 13 leaves no longer ones
    constraint rule_policy_arrive check (arrive_within_s between 1 and 7200),
    constraint rule_policy_repair check (repair_within_s between 1 and 86400),
    constraint rule_policy_caps check (quick_close_cap_fen between 0 and quick_cap_fen),
    constraint rule_policy_radii check (arrival_radius_m > 0 and check_radius_m > 0 and duplicate_radius_m > 0)
);

-- What a report and a feedback have to bring. scope: '' all classes, 'M06' a group, 'M06042' one.
create table rule_collection (
    rule_set_id          integer not null,
    scope                text not null,
    report_photos_min    smallint not null,
    feedback_photos_min  smallint not null,
    accuracy_m_max       double precision not null,
    report_age_max_s     integer not null,
    text_required        boolean not null,
    constraint rule_collection_pk primary key (rule_set_id, scope),
    constraint rule_collection_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint rule_collection_scope check (scope ~ '^([CMPE][0-9]{2}|[CM][0-9]{5}|[PE][0-9]{4})?$'),
    constraint rule_collection_photos check (report_photos_min >= 0 and feedback_photos_min >= 0),
    constraint rule_collection_accuracy check (accuracy_m_max > 0),
    constraint rule_collection_age check (report_age_max_s > 0)
);

create type route_to as enum ('unit', 'maintenance', 'owner');

-- Whose a case is. classes as in rule_collection.scope; place: the first 0, 6, 9, 12 or 15 digits
-- of a cell's code.
create table rule_route (
    route_id     bigint generated always as identity,
    rule_set_id  integer not null,
    classes      text not null,
    place        text not null,
    -- unit: to unit_id; the others: to that unit of the component
    target       route_to not null,
    unit_id      integer,
    valid        tstzrange not null default tstzrange(null, null),
    constraint rule_route_pk primary key (route_id),
    constraint rule_route_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint rule_route_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint rule_route_target check ((target = 'unit') = (unit_id is not null)),
    constraint rule_route_classes check (classes ~ '^([CMPE][0-9]{2}|[CM][0-9]{5}|[PE][0-9]{4})?$'),
    constraint rule_route_place check (place ~ '^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})?$'),
    constraint rule_route_valid check (not isempty(valid)),
    -- of two rules for the same, none would be more specific
    constraint rule_route_one_answer exclude using gist
        (rule_set_id with =, classes with =, place with =, (target = 'unit') with =, valid with &&)
);

create type day_kind as enum ('holiday', 'workday');

create table rule_office (
    rule_set_id  integer not null,
    -- from UTC
    zone         text not null,
    constraint rule_office_pk primary key (rule_set_id),
    constraint rule_office_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint rule_office_zone check (zone ~ '^[+-][0-9]{2}:[0-9]{2}$')
);

create table rule_office_hours (
    rule_set_id  integer not null,
    opens        time not null,
    -- 00:00: midnight
    closes       time not null,
    constraint rule_office_hours_pk primary key (rule_set_id, opens),
    constraint rule_office_hours_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint rule_office_hours_order check (opens < closes or closes = '00:00')
);

-- Public holidays and the weekend days worked in their place (调休).
create table rule_office_day (
    rule_set_id  integer not null,
    date         date not null,
    kind         day_kind not null,
    name_zh      text not null,
    name_en      text not null,
    constraint rule_office_day_pk primary key (rule_set_id, date),
    constraint rule_office_day_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id)
);

-- Decided disputes that decide the next case of their kind (R15.4). Beside the rule sets: they
-- hold from the decision on, without waiting for the next set.
create table precedent (
    precedent_id  bigint generated always as identity,
    class_code    text not null,
    -- the first 12 or 15 digits of a cell's code
    place         text not null,
    component_id  bigint,
    unit_id       integer not null,
    case_id       bigint not null,
    reason        text not null,
    valid         tstzrange not null,
    constraint precedent_pk primary key (precedent_id),
    constraint precedent_class_fk foreign key (class_code) references class (code),
    constraint precedent_component_fk foreign key (component_id) references component (component_id),
    constraint precedent_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint precedent_case_fk foreign key (case_id) references city_case (case_id),
    constraint precedent_place check (place ~ '^([0-9]{12}|[0-9]{15})$'),
    constraint precedent_once exclude using gist
        (class_code with =, place with =, coalesce(component_id, 0) with =, valid with &&)
);

-- What was approved stays as it was approved, whoever asks.
create function only_in_draft() returns trigger language plpgsql as $$
declare
    changed integer;
    now_is  rule_set_state;
begin
    foreach changed in array array[(to_jsonb(old) ->> 'rule_set_id')::integer,
                                   (to_jsonb(new) ->> 'rule_set_id')::integer]
    loop
        -- the lock makes whoever approves wait for whoever still writes
        select state into now_is from rule_set where rule_set_id = changed for share;
        if now_is <> 'draft' then
            raise exception 'rule set % is no draft', changed
                using errcode = 'restrict_violation', constraint = 'rule_set_only_in_draft';
        end if;
    end loop;
    return coalesce(new, old);
end $$;

create function rule_set_keeps() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if old.state <> 'draft' then
            raise exception 'rule set % is no draft', old.rule_set_id
                using errcode = 'restrict_violation', constraint = 'rule_set_only_in_draft';
        end if;
        return old;
    end if;
    if old.state = 'draft' then
        return new;
    end if;
    -- taken back before its date: the only change there is
    if old.state = 'approved' and new.state = 'withdrawn' and
        to_jsonb(new) - array['state', 'withdrawn_by', 'withdrawn_at'] =
        to_jsonb(old) - array['state', 'withdrawn_by', 'withdrawn_at']
    then
        return new;
    end if;
    raise exception 'rule set % is no draft', old.rule_set_id
        using errcode = 'restrict_violation', constraint = 'rule_set_only_in_draft';
end $$;

create trigger rule_set_keeps before update or delete on rule_set
    for each row execute function rule_set_keeps();

-- Rings for processes that hold the rules in memory.
create function ring_rules() returns trigger language plpgsql as $$
begin
    perform pg_notify('rules', tg_table_name);
    return null;
end $$;

create trigger rule_set_bell after update of state on rule_set
    for each statement execute function ring_rules();
create trigger precedent_bell after insert or update or delete on precedent
    for each statement execute function ring_rules();

do $$
declare
    content text;
begin
    foreach content in array array['filing_condition', 'rule_stage_limit', 'rule_policy',
        'rule_collection', 'rule_route', 'rule_office', 'rule_office_hours', 'rule_office_day']
    loop
        execute format('create trigger only_in_draft before insert or update or delete on %I
            for each row execute function only_in_draft()', content);
        execute format('create trigger not_truncated before truncate on %I
            for each statement execute function refuse_change()', content);
    end loop;
end $$;
create trigger not_truncated before truncate on rule_set
    for each statement execute function refuse_change();
