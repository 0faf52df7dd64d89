import type pg from 'pg'

/** A database as managed servers have them: no superuser, roles that own each other, policies that are forced, extensions. */

/** The owner of the database bypasses policies, or no backup of a table whose policies are forced would be complete. */
const ROLES = `
create role team;
create role app_owner login bypassrls in role team;
create role loader in role team;
create role reader;
create role grantee;
create role "Odd; role";
create role lonely;
grant app_owner to loader;
grant app_owner to "Odd; role";
`

const OBJECTS = `
create extension citext schema extra;
create schema loading authorization loader;
create schema "Odd; schema" authorization "Odd; role";
grant usage on schema loading to app_owner, reader, grantee;
grant usage, create on schema loading to lonely;
set role loader;
create table loading.raw (id int primary key, word extra.citext);
insert into loading.raw select n, 'Word ' || n from generate_series(1, 20) n;
grant select on loading.raw to reader with grant option;
grant select, references on loading.raw to app_owner;
create sequence loading.numbers;
select nextval('loading.numbers');
reset role; set role reader;
grant select on loading.raw to grantee;
reset role; set role lonely;
create table loading.of_lonely (id int);
insert into loading.of_lonely values (1);
reset role;
revoke create on schema loading from lonely;
set role app_owner;
create table public.unit (id int primary key references loading.raw, state text not null);
insert into public.unit select n, 'open' from generate_series(1, 10) n;
alter table public.unit enable row level security;
alter table public.unit force row level security;
create policy open_only on public.unit using (state = 'closed');
create materialized view public.words as select word, count(*) as n from loading.raw group by word;
alter default privileges in schema public grant select on tables to reader;
select lo_from_bytea(4711, 'of the owner');
create function public.secure() returns int language sql security definer as 'select 1';
revoke execute on function public.secure() from public;
reset role; set role "Odd; role";
create table "Odd; schema"."T" ("a b" text default 'x');
insert into "Odd; schema"."T" values ('y');
comment on table "Odd; schema"."T" is E'a\\n-- Name: fake; Type: ACL; Schema: -; Owner: -';
create publication chosen for table "Odd; schema"."T";
reset role;
`

/** Makes it. Its login `app_owner` backs it up. */
export async function prepareManagedShop(maker: pg.Client, connect: () => Promise<pg.Client>): Promise<void> {
  await maker.query(ROLES)
  await maker.query(
    `alter database shop owner to app_owner; grant create on database shop to loader, "Odd; role"`,
  )
  await maker.query('grant loader, reader, lonely, "Odd; role" to postgres')
  await maker.query(`alter database shop set search_path = loading, public`)
  const shop = await connect()
  await shop.query('create schema extra; create extension amcheck schema extra')
  await shop.query('grant usage on schema extra to public; set search_path = public')
  await shop.query(OBJECTS)
  await shop.query(`grant usage on schema "Odd; schema" to app_owner;
    grant select on all tables in schema loading, public, "Odd; schema" to app_owner; grant select on all sequences in schema loading to app_owner`)
}
