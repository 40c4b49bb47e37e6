"""The customer records and campaign contacts: real demographics on synthetic identities."""

from __future__ import annotations

import duckdb


def make_crm(con: duckdb.DuckDBPyConnection) -> None:
    """Make the clean tables of ``crm.customers`` and ``crm.campaign_contacts``."""
    _version(con)
    _customers(con)
    _campaign_contacts(con)


def _version(con: duckdb.DuckDBPyConnection) -> None:
    """One row per saved version of a customer record: when, and which e-mail and phone it held.

    The first card's record holds the first e-mail and phone. Later cards share one of the two, or
    a changed phone, or (one in twenty) nothing at all with the first: these cannot be stitched.
    """
    con.execute(
        """
        create table crm_version as
        with started as (
            select
                household_id,
                greatest(
                    date '2017-01-01', min(local_day) - floor(u('joined|' || household_id) * 10)::int
                ) as joined_on
            from basket
            group by household_id
        ),
        record as (
            select
                c.household_id, c.position, c.card_id, c.crm_id, s.joined_on,
                1 + floor(u('versions|' || c.crm_id) * 4)::int as versions,
                u('link|' || c.crm_id) as link
            from card as c
            join started as s using (household_id)
        ),
        version as (
            select
                *,
                joined_on + floor(
                    (date '2017-12-31' - joined_on) * case when version = 0 then 0
                        else (version - 1 + 0.05 + 0.9 * u('version day|' || crm_id || '|' || version))
                            / (versions - 0.999) end
                )::int as saved_on,
                max((version > 0 and u('new phone|' || crm_id || '|' || version) < 0.25)::int)
                    over (partition by crm_id order by version) as has_new_phone,
                max((version > 0 and u('new email|' || crm_id || '|' || version) < 0.15)::int)
                    over (partition by crm_id order by version) as has_new_email
            from record, unnest(range(0, versions)) as t(version)
        )
        select
            v.household_id, v.position, v.card_id, v.crm_id, v.version,
            to_utc(
                v.saved_on::timestamp + some_minutes(480, 700, 'version time|' || v.crm_id || '|' || version)
            ) as saved_at,
            case
                when v.position > 1 and v.link >= 0.95 then null
                when v.position = 1 or v.link < 0.62 then 1 + has_new_email
                else 2 - has_new_email
            end as email_position,
            case
                when v.position > 1 and v.link >= 0.95 then null
                when v.position = 1 or v.link between 0.62 and 0.82 then 1 + has_new_phone
                else 2 - has_new_phone
            end as phone_position
        from version as v
        """
    )


def _customers(con: duckdb.DuckDBPyConnection) -> None:
    """One row per version: typos in names, variants of e-mail and phone, sentinels in their place."""
    con.execute(
        """
        create table clean_crm__customers as
        with held as (
            select
                v.*, p.first_name, p.partner_name, p.last_name, p.emails, p.phones,
                v.crm_id || '|' || v.version as key,
                case
                    when v.version > 0 and u('sentinel email|' || v.crm_id || '|' || v.version) < 0.20
                        or u('never had an email|' || v.crm_id) < 0.02
                        then chosen(sentinel_emails(), 'which sentinel|' || v.crm_id || '|' || v.version)
                    when v.version > 0 and f.email is not null then f.email
                    when u('no email|' || v.crm_id) < 0.05 then null
                    else e.email
                end as true_email,
                case
                    when v.version > 0 and u('sentinel phone|' || v.crm_id || '|' || v.version) < 0.12
                        then chosen(sentinel_phones(), 'which zeros|' || v.crm_id || '|' || v.version)
                    when u('no phone|' || v.crm_id) < 0.15 then null
                    else h.phone
                end as true_phone
            from crm_version as v
            join person as p using (household_id)
            left join email as e
                on e.household_id = v.household_id and e.position = least(v.email_position, p.emails)
            left join phone as h
                on h.household_id = v.household_id and h.position = least(v.phone_position, p.phones)
            left join family_email as f on f.household_id = v.household_id and v.position = 1
        )
        select
            month_of(to_local(h.saved_at)) as month,
            row_number() over (order by h.saved_at, h.crm_id) as pos,
            h.household_id, h.crm_id, h.card_id,
            case when u('typo|' || key) < 0.06 then with_typo(first_name, u('typo how|' || key))
                when h.position = 2 and u('partner|' || h.crm_id) < 0.5 then partner_name
                else first_name end as first_name,
            case when u('typo last|' || key) < 0.06 then with_typo(last_name, u('typo how|' || key))
                when u('shout|' || key) < 0.05 then upper(last_name)
                else last_name end as last_name,
            coalesce(written_email(true_email, u('email form|' || key)), chosen(unknowns(), 'e|' || key))
                as email,
            coalesce(written_phone(true_phone, u('phone form|' || key)), chosen(unknowns(), 'p|' || key))
                as phone,
            coalesce(d.age, chosen(unknowns(), 'age|' || key)) as age,
            coalesce(d.income, chosen(unknowns(), 'income|' || key)) as income,
            coalesce(d.home_ownership, chosen(unknowns(), 'home|' || key)) as home_ownership,
            coalesce(d.marital_status, chosen(unknowns(), 'marital|' || key)) as marital_status,
            coalesce(d.household_size, chosen(unknowns(), 'size|' || key)) as household_size,
            coalesce(d.household_comp, chosen(unknowns(), 'comp|' || key)) as household_comp,
            coalesce(d.kids_count, chosen(unknowns(), 'kids|' || key)) as kids_count,
            case
                when u('consent|' || h.household_id) < 0.05 + 0.05 * h.version
                    then chosen(['no', 'N', 'false', 'No'], 'consent form|' || key)
                when u('consent|' || h.household_id) > 0.95 then ''
                else chosen(['yes', 'Y', 'true', 'Yes'], 'consent form|' || key)
            end as consent,
            written_time(h.saved_at, floor(u('date form|' || key) * 10)::int) as updated_at,
            floor(u('date form|' || key) * 10)::int as date_style,
            u('typo|' || key) < 0.06 or u('typo last|' || key) < 0.06 as has_typo,
            true_email, true_phone, u('customer|' || key) as dice
        from held as h
        left join real_demographics as d using (household_id)
        """
    )


def _campaign_contacts(con: duckdb.DuckDBPyConnection) -> None:
    """One row per real contact, made to one of the household's customer records on the first day."""
    con.execute(
        """
        create table clean_crm__campaign_contacts as
        with numbered as (
            select
                *, row_number() over (order by start_date, campaign_id, household_id) as ordinal
            from real_campaigns
            join real_campaign_descriptions using (campaign_id)
            semi join household using (household_id)
        )
        select
            greatest(month_of(n.start_date), '2017-01') as month, n.ordinal as pos, n.household_id,
            'k' || (500000 + n.ordinal) as contact_id, c.crm_id, n.campaign_id, n.campaign_type,
            strftime(n.start_date, '%Y-%m-%d') as contacted_at,
            u('contact|' || n.ordinal) as dice
        from numbered as n
        join card as c
            on c.household_id = n.household_id
            and c.position = 1 + floor(u('contacted|' || n.household_id || '|' || n.campaign_id) * c.cards)
        """
    )
