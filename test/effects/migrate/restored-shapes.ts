/** Objects that a dump and restore may bring back with another text, in another order or at another place, though they mean the same. */
export const RESTORED_SHAPES: { [what: string]: string } = {
  'the default of a domain that was defined with a search path': `create function preset() returns text language sql as $$ select 'a'::text $$;
    create domain by_path as text default preset(); create domain of_case as varchar(5) default case when current_user in ('a', 'b') then 'x' else 'y' end`,
  'the default of a domain whose function was renamed': `create function old_name() returns int language sql as 'select 1';
    create domain renamed as int default old_name() check (value > 0); alter function old_name() rename to new_name`,
  'NULL as the default of an attached partition': `create table pt (id int, v int default 5, w varchar(5) default 'x') partition by list (id);
    create table pt1 (id int, v int default null::int, w varchar(5)); alter table pt attach partition pt1 for values in (1)`,
  'NULL as the default of a table that inherits': `create table par (v varchar(5) default 'a', n numeric(4, 2) default 1, b bit(3) default '101', a varchar(3)[] default '{}');
    create table chi (v varchar(5) default null, n numeric(4, 2), b bit(3), a varchar(3)[]) inherits (par);
    alter table chi alter v drop default, alter n drop default, alter b drop default, alter a drop default`,
  'NULL as the default of a table made like another': `create table l1 (v varchar(5) default null, w int default null::int, d timestamptz(3) default null);
    create table l2 (like l1 including all)`,
  'a domain column without a default below one that has it': `create domain bare as varchar(4); create table dp (v bare default 'a');
    create table dc () inherits (dp); alter table dc alter v drop default`,
  'rows as values in indexes': `create table wr (id int, s varchar(20)); create function of_wr(wr) returns text immutable language sql as 'select ($1).s::text';
    create index wr_i on wr ((wr.* is null)) where s in ('a', 'b'); create index wr_f on wr (of_wr(wr)) where s in ('a', 'b');
    alter table wr add constraint wr_x exclude using btree (of_wr(wr) with =) where (s in ('a', 'b')); insert into wr values (1, 'a'), (2, 'b')`,
  'rows as values in indexes of partitions': `create table wp (id int, s varchar(20)) partition by list (id); create function of_wp(wp) returns text immutable language sql as 'select ($1).s::text';
    create index wp_f on wp (of_wp(wp)) where s in ('a', 'b'); create table wq (id int, s varchar(20)) partition by list (id); create table wp1 partition of wq for values in (1);
    create function of_wp1(wp1) returns text immutable language sql as 'select ($1).s::text'; create index wp1_f on wp1 (of_wp1(wp1)) where s in ('a', 'b'); insert into wq values (1, 'a')`,
  'rows as values in indexes of materialized views': `create materialized view wm as select 1 as id, 'a'::varchar(20) as s; create function of_wm(wm) returns text immutable language sql as 'select ($1).s::text';
    create index wm_f on wm (of_wm(wm)) where s in ('a', 'b')`,
  'rows as values in checks, policies and triggers': `create table wc (id int, s varchar(20)); create function of_wc(wc) returns boolean immutable language sql as 'select ($1).s in (''a'', ''b'')';
    alter table wc add check (of_wc(wc) and s in ('a', 'b')), add check (wc.* is not null and s in ('a', 'b')), enable row level security;
    create policy wc_p on wc using (of_wc(wc) and s in ('a', 'b')); create trigger wc_t before update on wc for each row when (old.* is distinct from new.* and new.s in ('a', 'b')) execute function touched();
    create trigger wc_f before update on wc for each row when (of_wc(new) and new.s in ('a', 'b')) execute function touched()`,
  'names with quotes, points and blanks': `create schema "Odd. schema"; create table "Odd. schema"."T ""x"" USING y" ("a b" varchar(9), "select" int);
    create index "i. x" on "Odd. schema"."T ""x"" USING y" (lower("a b")) where "a b" in ('a', 'b');
    create index "row x" on "Odd. schema"."T ""x"" USING y" (("T ""x"" USING y".* is null)) where "a b" in ('a', 'b');
    create unique index on "Odd. schema"."T ""x"" USING y" ("select") include ("a b") where "select" between 1 and 5 and "a b" <> 'z'`,
  'tables named like those of the system': `create table public.pg_class (id int, s varchar(5)); create index pg_class_i on public.pg_class ((pg_class.* is null)) where s in ('a', 'b'); create view public.pg_type as select id from public.pg_class where s in ('a', 'b')`,
  'a column that is named as its table': `create table same (same varchar(5), x int); create index same_i on same (same) where same in ('a', 'b'); create view same_v as select same.same from same where same.same in ('a', 'b')`,
  'partition keys of expressions': `create table pk (s varchar(9), n int) partition by range ((s in ('a', 'b')), (n between 1 and 5 and n <> 3)); create table pk1 partition of pk for values from (minvalue, minvalue) to (maxvalue, maxvalue); insert into pk values ('a', 1), ('c', 9)`,
  'a partition with checks and columns of its own order': `create table po (a int, b varchar(5), c text default 'x') partition by list (a); create table po1 (c text, junk int, b varchar(5) check (b in ('a', 'b')), a int not null);
    alter table po1 drop column junk; alter table po attach partition po1 for values in (1, null); insert into po values (1, 'a', 'z')`,
  'subpartitions with a default': `create table sp (a int, b date) partition by list (a); create table sp1 partition of sp for values in (1) partition by range (b); create table sp1a partition of sp1 for values from ('2020-01-01') to ('2021-01-01');
    create table sp1d partition of sp1 default; create table spd partition of sp default; insert into sp values (1, '2020-05-05'), (1, null), (7, null)`,
  'several parents': `create table m1 (a int, s varchar(5) check (s in ('a', 'b'))); create table m2 (a int, z int default 1); create table m3 (a int default 4, own text) inherits (m1, m2); insert into m3 values (1, 'a', 2, 'o')`,
  'generated columns': `create table gc (a int, s varchar(5), d boolean generated always as (s in ('a', 'b')) stored, e text generated always as (case when a between 1 and 5 and a <> 3 then s else 'z' end) stored); insert into gc values (1, 'a')`,
  'identity and serial columns': `create table ids (a int generated by default as identity (start 5 increment 5 minvalue 5 cycle), b serial, c bigserial); insert into ids (a) values (default), (7); alter sequence ids_b_seq owned by none`,
  'a sequence of another owner table': `create table so (id int); create sequence so_s as smallint increment -1 minvalue -100 maxvalue -1 start -1 cache 7 owned by so.id; alter table so alter id set default nextval('so_s')`,
  'a view with UNION, CTE, window and lateral': `create view big as with recursive r(n) as (select 1 union all select n + 1 from r where n in (1, 2, 3) and n between 1 and 5), w as materialized (select * from r)
    select n, row_number() over (partition by n % 2 order by n rows between 1 preceding and current row) filter_n, l.x from w cross join lateral (select n * 2 as x where n not in (7, 8)) l union select 1, 2, 3 except all (select 4, 5, 6 order by 1 limit 1)`,
  'a view of grouping sets and aggregates': `create view gs as select relkind, relpersistence, count(*) filter (where relname in ('a', 'b')), grouping(relkind), string_agg(relname, ',' order by relname desc), percentile_cont(0.5) within group (order by relpages) from pg_catalog.pg_class group by grouping sets ((relkind), (relpersistence), ()) having count(*) between 1 and 99`,
  'a view whose columns were renamed': `create table rn (a int, b varchar(5)); create view rnv as select * from rn where b in ('a', 'b'); alter table rn rename a to c; alter table rn add d int; alter view rnv rename b to e`,
  'a view with joins, using and aliases': `create table j1 (id int, s varchar(5)); create table j2 (id int, s varchar(5), t text); create view jv as select * from j1 full join j2 using (id, s) as j where s in ('a', 'b'); create view jn as select a.id, x.y from j1 a natural left join j2 b left join (values (1, 'a'), (2, 'b')) x (id, y) on x.id = a.id and x.y in ('a', 'b');
    alter table j2 rename column s to q`,
  'a view with options and triggers': `create view vo with (security_barrier, check_option = local) as select id, s from j1 where s in ('a', 'b'); create trigger vo_t instead of insert on vo for each row execute function touched(); create rule vo_r as on delete to vo do instead (update j1 set s = 'b' where id = old.id and old.s in ('a', 'b'); notify gone); alter view vo alter s set default 'a'`,
  'recursive views': `create view va as select 1 as x; create view vb as select x from va where x in (1, 2); create or replace view va as select 1 as x where 1 in (1, 2)`,
  'a view that groups by a primary key': `create table pkg (id int primary key, s varchar(5), t text); create view packed_v as select id, s, count(*) from pkg group by id; create materialized view packed_m as select id, s, t from pkg group by id having s in ('a', 'b')`,
  'table functions, ROWS FROM and XML': `create view tf as select * from rows from (generate_series(1, 3), unnest(array['a', 'b'])) with ordinality as f(a, b, o) where b in ('a', 'b'); create view xf as select xmlelement(name foo, xmlattributes('a' as b), 'c') as x, xmlforest(1 as a) y; create view xt as select * from xmltable('/r/a' passing '<r><a i="1">x</a></r>' columns i int path '@i', t text path '.' default 'z') where t in ('a', 'x')`,
  'JSON, arrays and composites in expressions': `create type comp as (a int, b varchar(5)); create table jc (j jsonb, c comp, a comp[], check (j ->> 'k' in ('a', 'b') and (c).b in ('a', 'b') and (a[1]).a between 1 and 5)); create view jcv as select (c).*, a[1:2] as sl, j['k'] as sub, row(1, 'a')::comp as r from jc where (c).b in ('a', 'b') or c in (row(1, 'a')::comp)`,
  'SQL functions with bodies of their own': `create function bo(v varchar(20) default 'a', variadic n int[] default array[1, 2]) returns table (x int, y text) stable begin atomic select 1, 'a' where v in ('a', 'b') and n[1] between 1 and 5; select id, s::text from wr where wr.s in ('a', 'b'); end; create procedure bp(inout a int) begin atomic update wr set s = 'b' where s in ('a', 'b') and id = a; select 1; end; create function br(a date) returns boolean immutable return a between '2020-01-01' and '2021-01-01' and a not in ('2020-05-05')`,
  'function options': `create function fo(a int, out b text, out c text) cost 7 strict parallel safe set search_path = public, "$user" set work_mem = '8MB' language plpgsql as 'begin b := $$x$$; end'; create function f_set() returns setof text rows 7 language sql as 'select null::text'; create function preset2(a text default preset(), b date default '2020-01-01', c varchar(3) default case when current_user in ('a', 'b') then 'a' end) returns int language sql as 'select 1'`,
  'aggregates of all kinds': `create aggregate ag1 (int) (sfunc = int4pl, stype = int, initcond = '0', parallel = safe, combinefunc = int4pl); create aggregate ag3 (int) (sfunc = int4pl, stype = int, msfunc = int4pl, minvfunc = int4mi, mstype = int, minitcond = '0', initcond = '0')`,
  'an enum': "create type size as enum ('s', 'm', 'l')",
  'a value of an enum that came later': "alter type size add value 'xs' before 's'",
  'operators over enums': `create function size_eq(size, text) returns boolean immutable language sql as 'select $1::text = $2'; create operator === (leftarg = size, rightarg = text, function = size_eq); create table ops (s size check (s === 'a' or s in ('s', 'm'))); insert into ops values ('s'), ('m'); create index ops_i on ops (s) where s in ('xs', 'm')`,
  'ranges and multiranges of one’s own': `create type f_range as range (subtype = float8, subtype_diff = float8mi, multirange_type_name = f_multi); create table rg (r f_range, m f_multi default '{}', check (r && f_range(1, 5)), exclude using gist (r with &&) where (not isempty(r) and lower(r) between 1 and 5)); insert into rg values ('[1,2)', '{[1,2),[5,6)}')`,
  collations: `create collation ic (provider = icu, locale = 'und', deterministic = false); create table co (a text collate ic, b varchar(5) collate "C" check (b collate "POSIX" in ('a', 'b')), unique (a)); create index co_i on co (a collate "C" text_pattern_ops desc nulls last, b) where b in ('a', 'b'); insert into co values ('x', 'a')`,
  'statistics objects': `create statistics st1 (ndistinct, mcv) on s, id from wr; create statistics st2 on (s in ('a', 'b')), (id between 1 and 5 and id <> 3) from wr; alter statistics st1 set statistics 55`,
  'options of columns and tables': `create table opt (a int, b text, c text) with (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false); alter table opt alter a set statistics 77, alter b set storage external, alter c set (n_distinct = -0.5), replica identity full, alter b set compression pglz; comment on column opt.a is E'two\\nlines'; create unlogged table ul (a int); insert into ul values (1)`,
  'foreign keys of all kinds': `create table fk1 (a int, b int, primary key (a, b)); create table fk2 (x int, y int, foreign key (x, y) references fk1 match full on delete set null (x) on update cascade deferrable initially deferred, self int); alter table fk2 add foreign key (x, y) references fk1 not valid; insert into fk1 values (1, 2); insert into fk2 values (1, 2), (null, null)`,
  'a foreign key to and of a partitioned table': `create table fp (a int primary key) partition by hash (a); create table fp0 partition of fp for values with (modulus 2, remainder 0); create table fp1 partition of fp for values with (modulus 2, remainder 1); create table fr (a int references fp) partition by list (a); create table fr1 partition of fr default; insert into fp select generate_series(1, 9); insert into fr select generate_series(1, 9)`,
  'constraints that are not valid, not inherited or renamed': `create table nv (a int, s varchar(5)); insert into nv values (9, 'z'); alter table nv add constraint nv1 check (s in ('a', 'b')) not valid; create table ni (a int constraint ni_c check (a between 1 and 5 and a <> 3) no inherit); create table nic () inherits (ni); alter table ni rename constraint ni_c to ni_d`,
  'enabled and disabled triggers of partitions': `create table tg (a int, s varchar(5)) partition by list (a); create table tg1 partition of tg default; create trigger tg_t after insert or update of s on tg for each row when (new.s in ('a', 'b')) execute function touched(); alter table tg disable trigger tg_t; alter table tg1 enable always trigger tg_t; create constraint trigger tg_c after update on nv deferrable initially deferred for each row when (new.s in ('a', 'b')) execute function touched();
    create trigger tg_s after update on nv referencing old table as o new table as n for each statement execute function touched()`,
  'privileges in an order and by others': `create table pr (a int, b int); grant select (a), update (b) on pr to public; grant select on pr to shop_reader with grant option; grant insert, select on pr to public; revoke select on pr from public; grant execute on function preset() to shop_reader; revoke execute on function preset() from public; alter default privileges in schema public grant select on tables to shop_reader; revoke usage on type comp from public`,
  'rows of hash partitions by an enum': `create type en as enum ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'); create table he (id int, e en, primary key (id, e)) partition by hash (e); create table he0 partition of he for values with (modulus 3, remainder 0);
    create table he1 partition of he for values with (modulus 3, remainder 1); create table he2 partition of he for values with (modulus 3, remainder 2); insert into he select g, (enum_range(null::en))[1 + g % 8] from generate_series(1, 100) g`,
  'rows of hash partitions by a domain over an enum': hashed(
    'hd',
    'den',
    'create domain den as en',
    `((enum_range(null::en))[1 + g % 8])::den`,
  ),
  'rows of hash partitions by an array of enums': hashed(
    'ha',
    'en[]',
    '',
    `array[(enum_range(null::en))[1 + g % 8], 'a']`,
  ),
  'rows of hash partitions by a composite with an enum': hashed(
    'hc',
    'cen',
    'create type cen as (x int, e en)',
    `row(1, (enum_range(null::en))[1 + g % 8])::cen`,
  ),
  'rows of hash partitions by a range of enums': hashed(
    'hr',
    'ren',
    'create type ren as range (subtype = en)',
    `ren('a', (enum_range(null::en))[1 + g % 8], '[]')`,
  ),
  'rows of hash partitions by a table’s name': hashed(
    'hg',
    'regclass',
    '',
    `(array['j1', 'j2', 'wr', 'nv', 'pr', 'opt', 'm1', 'm2'])[1 + g % 8]::regclass`,
  ),
  'rows of hash partitions by an expression over enums': `create function as_en(int) returns en immutable return (enum_range(null::en))[1 + $1 % 8]; ${hashed('hx', 'int', '', 'g', '(as_en(k))')}`,
  'rows of hash partitions below a list': `create table hl (id int, e en) partition by list (id); create table hl1 partition of hl for values in (1) partition by hash (e); create table hl1a partition of hl1 for values with (modulus 2, remainder 0); create table hl1b partition of hl1 for values with (modulus 2, remainder 1); create table hld partition of hl default; insert into hl select g % 3, (enum_range(null::en))[1 + g % 8] from generate_series(1, 60) g`,
  'an unfilled materialized view below another': `create materialized view mv1 as select count(*) n from wr; create materialized view mv2 as select n from mv1; create index on mv2 (n); refresh materialized view mv1 with no data`,
  'a stale materialized view': `create materialized view sm as select id, s from wr where s in ('a', 'b'); insert into wr values (3, 'c')`,
  'large objects with privileges': `select lo_from_bytea(4711, 'abc'); grant select on large object 4711 to shop_reader; comment on large object 4711 is 'x'`,
}

function hashed(table: string, type: string, before: string, value: string, key = 'k'): string {
  const leaves = [0, 1, 2].map(
    (at) => `create table ${table}${at} partition of ${table} for values with (modulus 3, remainder ${at})`,
  )
  return [
    before,
    `create table ${table} (id int, k ${type}) partition by hash (${key})`,
    ...leaves,
    `insert into ${table} select g, ${value} from generate_series(1, 100) g`,
  ]
    .filter((one) => one !== '')
    .join('; ')
}
