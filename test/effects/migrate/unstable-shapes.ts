import type { Definition } from '../../../src/effects/migrate/read-catalogue.ts'

/** Shapes of definitions whose text may change when it is parsed again, on the table `app.t`. */

/** What the shapes need. */
export const BASE = `
create schema app;
create type app.mood as enum ('a', 'b');
create function app.low(x text) returns text immutable language sql as 'select pg_catalog.lower(x)';
create function app.touched() returns trigger language plpgsql as $$ begin return new; end $$;
create table app.t (id int primary key, s varchar(20), c char(5), n numeric(10, 2), x int, y int, d date, at timestamptz, txt text,
  arr text[], j jsonb, b boolean, i interval, e app.mood, r int4range);
create table app.u (id int primary key, s varchar(20));
create table app.p (id int, s varchar(20)) partition by list (s);
create publication news;
alter table app.t enable row level security;
`

/** Conditions on the columns of `app.t`. Those up to STABLE need nothing that is not immutable. */
const CONDITIONS = [
  `s in ('a', 'b')`,
  `s not in ('a', 'b')`,
  `x between 1 and 5 and y > 0`,
  `x not between 1 and 5 or y > 0`,
  `s = 'a' and (x > 1 and y > 1) and b`,
  `x is null or x in (1, 2) and y in (1, 4)`,
  `not (s in ('a') or x = 1)`,
  `(x between 1 and 5) = b`,
  `s like 'a%'`,
  `s similar to '(a|b)%'`,
  `s ~ '^a' and c in ('a', 'b')`,
  `c = 'a'`,
  `n > 1.5 and n between 1 and 2`,
  `x > -1`,
  `x = any (array[1, 2])`,
  `s = any (array['a', 'b'])`,
  `s::text in ('a', 'b')`,
  `lower(s) in ('a', 'b')`,
  `app.low(s) in ('a', 'b')`,
  `coalesce(s, 'a') <> 'b'`,
  `nullif(s, 'a') is not null`,
  `s is distinct from 'a'`,
  `case when s in ('a', 'b') then x > 1 else y > 1 end`,
  `case s when 'a' then true else false end`,
  `length(s) between 1 and 5`,
  `substring(s from 1 for 1) in ('a', 'b')`,
  `trim(both 'a' from s) = 'b'`,
  `s || 'a' = 'ab'`,
  `(s, x) = ('a', 1)`,
  `(s, x) in (('a', 1), ('b', 2))`,
  `greatest(x, y, 1) < 9`,
  `txt collate "C" > 'a'`,
  `e in ('a', 'b')`,
  `j ->> 'a' in ('a', 'b')`,
  `arr && array['a', 'b']`,
  `s is not null and (s = 'a' or s in ('b', 'c')) and (x > 1 or (y > 1 or b))`,
  `x::numeric in (1, 2.5)`,
  `d between date '2020-01-01' and '2021-01-01'`,
  `extract(year from d) between 1 and 9`,
  `i > '1 day' or i in ('1 hour', '2 hours')`,
  // Not immutable:
  `at < '2020-01-01 00:00:00+00'`,
  `d + i > '2020-01-01'`,
]

const MUTABLE = CONDITIONS.length - 2

interface Shape {
  /** As the catalogue names the object. */
  name: string
  sql: string
  /** Makes the object again from what the server wrote, as a restore does. */
  again(facts: never): string
}

const checks = CONDITIONS.map((condition, at): Shape => {
  const make = (definition: string) => `alter table app.t add constraint c${at} ${definition}`
  return {
    name: `constraint app.t.c${at}`,
    sql: make(`check (${condition})`),
    again: ([definition]: [string]) => make(definition),
  }
})

const immutable = CONDITIONS.slice(0, MUTABLE)

const indexes = immutable
  .filter((_, at) => at % 3 === 0)
  .map(
    (condition, at): Shape => ({
      name: `index app.i${at}`,
      sql: `create index i${at} on app.t (x, (${condition})) where ${condition}`,
      again: ([definition]: [string]) => definition,
    }),
  )

const generated = immutable
  .filter((_, at) => at % 3 === 1)
  .map((condition, at): Shape => {
    const make = (text: string) =>
      `alter table app.t add column g${at} boolean generated always as (${text}) stored`
    return {
      name: `column app.t.g${at}`,
      sql: make(condition),
      again: ([, , text]: [string, boolean, string]) => make(text),
    }
  })

const policies = CONDITIONS.filter((_, at) => at % 4 === 0).map((condition, at): Shape => {
  const make = (using: string, check: string) =>
    `create policy p${at} on app.t using (${using}) with check (${check})`
  return {
    name: `policy app.t.p${at}`,
    sql: make(
      condition,
      `${condition} and exists (select from app.u where u.id = t.id and u.s in ('a', 'b'))`,
    ),
    again: ([, , , using, check]: string[]) => make(using!, check!),
  }
})

const views = CONDITIONS.filter((_, at) => at % 3 === 2).map((condition, at): Shape => {
  const make = (query: string) => `create view app.v${at} as ${query}`
  return {
    name: `view app.v${at}`,
    sql: make(`select t.*, ${condition} as holds from app.t where ${condition}`),
    again: (facts: string[]) => make(facts[12]!),
  }
})

const trigger = (condition: string, at: number): Shape => ({
  name: `trigger app.t.w${at}`,
  sql: `create trigger w${at} before update on app.t for each row when (${condition}) execute function app.touched()`,
  again: ([definition]: [string]) => definition,
})

const others: Shape[] = [
  trigger(`new.s in ('a', 'b')`, 0),
  trigger(`old.s is distinct from new.s and new.x between 1 and 5 and new.s not in ('a', 'b')`, 1),
  {
    name: 'rule app.t.quiet',
    sql: `create rule quiet as on update to app.t where new.s in ('a', 'b') do also insert into app.u select new.id, case when new.s in ('a') then 'b' end`,
    again: ([definition]: [string]) => definition,
  },
  {
    name: 'statistics app.st',
    sql: `create statistics app.st on (s in ('a', 'b')), (x between 1 and 5 and y > 0), x from app.t`,
    again: ([definition]: [string]) => definition,
  },
  {
    name: 'function app.chosen(character varying)',
    sql: `create function app.chosen(v varchar(20) default 'a') returns boolean begin atomic select v in ('a', 'b') and length(v) between 1 and 5; end`,
    again: ([definition]: [string]) => definition,
  },
  {
    name: 'domain app.word',
    sql: `create domain app.word as varchar(10) default 'a' constraint one check (value in ('a', 'b')) constraint two check (length(value) between 1 and 5 and value <> 'c')`,
    again: (facts: [string, string, string, boolean, string, null, [string, string][]]) =>
      `create domain app.word as ${facts[2]} default ${facts[4]} ${facts[6].map(([name, text]) => `constraint ${name} ${text}`).join(' ')}`,
  },
  {
    name: 'materialized view app.m',
    sql: `create materialized view app.m as select s, count(*) filter (where x between 1 and 5 and y > 0) from app.t where s in ('a', 'b') group by s having count(*) in (1, 2)`,
    again: (facts: string[]) => `create materialized view app.m as ${facts[12]}`,
  },
  {
    name: 'table app.q',
    sql: `create table app.q (s varchar(20), x int) partition by list ((s in ('a', 'b')))`,
    again: (facts: string[]) => `create table app.q (s varchar(20), x int) partition by ${facts[9]}`,
  },
  {
    name: 'constraint app.t.apart',
    sql: `alter table app.t add constraint apart exclude using gist (r with &&) where (s in ('a', 'b') and x between 1 and 5 and y > 0)`,
    again: ([definition]: [string]) => `alter table app.t add constraint apart ${definition}`,
  },
  {
    name: 'column app.u.kind',
    sql: `alter table app.u add column kind varchar(5) default case when current_user in ('a', 'b') then 'a' else 'b' end`,
    again: ([type, , text]: string[]) => `alter table app.u add column kind ${type} default ${text}`,
  },
]

export const SHAPES: Shape[] = [...checks, ...indexes, ...generated, ...policies, ...views, ...others]

/** Another definition: other constants. */
export const mutated = (definition: Definition): Definition => ({
  ...definition,
  digest: `other ${definition.digest}`,
  facts: JSON.parse(
    JSON.stringify(definition.facts)
      .replaceAll("'a", "'z")
      .replaceAll('a|b', 'z|b')
      .replaceAll('1', '7')
      .replaceAll(' b)', ' (not b))'),
  ),
})
