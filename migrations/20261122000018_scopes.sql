-- Scopes of what stands beside the cases: money, precedents and task orders.

alter table ledger_entry enable row level security;
create policy ledger_entry_read on ledger_entry for select to cityward_service using (
    (select cityward_sees_all())
    or exists (select from city_case c where c.case_id = ledger_entry.case_id));
create policy ledger_entry_write on ledger_entry for insert to cityward_service with check (
    person_id = cityward_person()
    and case when case_id is null then cityward_works_all() else cityward_works_case(case_id) end);

alter table ledger_approval enable row level security;
create policy ledger_approval_read on ledger_approval for select to cityward_service using (
    exists (select from city_case c where c.case_id = ledger_approval.case_id));
create policy ledger_approval_write on ledger_approval for insert to cityward_service with check (
    approved_by = cityward_person() and cityward_works_case(case_id));

-- A precedent is a rule that everybody may know; it is made with the decision of
-- a case, and replaced by people who decide disputes.
alter table precedent enable row level security;
create policy precedent_read on precedent for select to cityward_service using (true);
create policy precedent_set on precedent for insert to cityward_service
    with check (cityward_works_case(case_id));
create function cityward_decides() returns boolean language sql stable as $$
    select cityward_works_all() or cardinality(cityward_work_districts()) > 0
        or cardinality(cityward_sector_units()) > 0
$$;
create policy precedent_end on precedent for update to cityward_service
    using (cityward_decides()) with check (cityward_decides());
create policy precedent_replace on precedent for delete to cityward_service
    using (cityward_decides());

-- Passes the policies of task_order, which ask for the units of an order themselves.
create function cityward_issued_order(of_order bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from task_order where order_id = of_order and issued_by = cityward_person())
$$;

alter table task_order enable row level security;
create policy task_order_read on task_order for select to cityward_service using (
    (select cityward_sees_all())
    or issued_by = (select cityward_person())
    or exists (select from task_order_unit u where u.order_id = task_order.order_id));
create policy task_order_issue on task_order for insert to cityward_service
    with check (issued_by = cityward_person());

alter table task_order_unit enable row level security;
create policy task_order_unit_read on task_order_unit for select to cityward_service using (
    (select cityward_sees_all())
    or unit_id = any ((select cityward_units())::integer[])
    or cityward_issued_order(order_id));
create policy task_order_unit_address on task_order_unit for insert to cityward_service
    with check (cityward_issued_order(order_id));
create policy task_order_unit_open on task_order_unit for update to cityward_service
    using (unit_id = any (cityward_units())) with check (unit_id = any (cityward_units()));

alter table task_order_receipt enable row level security;
create policy task_order_receipt_read on task_order_receipt for select to cityward_service using (
    (select cityward_sees_all())
    or unit_id = any ((select cityward_units())::integer[])
    or cityward_issued_order(order_id));
create policy task_order_receipt_give on task_order_receipt for insert to cityward_service
    with check (person_id = cityward_person() and unit_id = any (cityward_units()));

-- What is append-only cannot be changed by either role, beside the triggers that refuse it.
do $$
declare
    append_only regclass;
begin
    for append_only in
        select tgrelid::regclass from pg_trigger where tgname like '%\_append\_only'
    loop
        execute format('revoke update, delete on %s from cityward_service, cityward_machine', append_only);
    end loop;
end $$;
