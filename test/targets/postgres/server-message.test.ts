import { afterAll, beforeAll, expect, test } from 'vitest'
import { serverMessage } from '../../../src/domain/server-message.ts'
import { failureOf, type SessionServer, startSessionServer } from './session-fixture.ts'

let server: SessionServer

beforeAll(async () => {
  server = await startSessionServer()
  await server.asSuperuser(`create table secretly (mail text primary key, age int check (age > 0), other text);
    create table refers (mail text references secretly); create view seen as select mail from secretly;
    insert into secretly values ('anna@example.org', 41), ('bo) already exists', 1); insert into refers values ('anna@example.org');
    create type mood as enum ('calm');
    create table booked (during int4range, exclude using gist (during with &&)); insert into booked values ('[1,4711)')`)
})

afterAll(() => server.stop())

test.each([
  ["insert into secretly values ('anna@example.org')", 'Key (mail)=(…) already exists'],
  ["insert into secretly values ('bo) already exists')", 'Key (mail)=(…)'],
  ["insert into refers values ('carl@example.org')", 'Key (mail)=(…) is not present in table "secretly"'],
  [
    "delete from secretly where mail = 'anna@example.org'",
    'Key (mail)=(…) is still referenced from table "refers"',
  ],
  ["insert into secretly values ('anna2@example.org', -4711)", 'Failing row contains (…)'],
  ["insert into booked values ('[2,4711)')", 'Key (during)=(…) conflicts with existing key (during)=(…)'],
  [`select '{"a": anna@example.org}'::json`, 'Token "…" is invalid'],
  ['drop table secretly', 'view seen depends on table secretly; Use DROP ... CASCADE'],
  ['create unique index on refers ((1)); insert into refers values (null), (null)', 'already exists'],
])('serverMessage shows the detail of %s without values of rows', async (statement, shown) => {
  const message = serverMessage(await failureOf(server.asSuperuser(statement)))
  expect(message).toContain(shown)
  expect(message).not.toMatch(/anna|carl|bo\)|4711/)
})

/** Casts of `mail` and what the message keeps. */
const OF_ROWS = [
  ['mail::int', 'invalid input syntax for type integer: "…"'],
  ['mail::boolean', 'invalid input syntax for type boolean: "…"'],
  ['mail::uuid', 'invalid input syntax for type uuid: "…"'],
  ['mail::date', 'invalid input syntax for type date: "…"'],
  ['mail::mood', 'invalid input value for enum mood: "…"'],
  ['mail::int[]', 'malformed array literal: "…"'],
  ['mail::inet', 'invalid input syntax for type inet: "…"'],
  [`('9' || repeat('4711', 3))::int`, 'value "…" is out of range for type integer'],
  [`('2024-47-11' || substr(mail, 99))::date`, 'date/time field value out of range: "…"'],
  ['now() at time zone mail', 'time zone "…" not recognized'],
  [`to_date(mail, 'YYYY')`, 'invalid value "…" for "YYYY"'],
  [`(mail || '"x')::int`, 'invalid input syntax for type integer: "…"'],
  [`('1e4711' || substr(mail, 99))::float8`, '"…" is out of range for type double precision'],
] as const
test.each(OF_ROWS)('serverMessage of %s shows no value of a row', async (cast, shown) => {
  const failure = server.asSuperuser(`select ${cast} from secretly where mail like 'anna%' and random() < 2`)
  const message = serverMessage(await failureOf(failure))
  expect(message).toContain(shown)
  expect(message).not.toMatch(/anna|4711/)
})

test('serverMessage shows a literal of the statement', async () => {
  expect(serverMessage(await failureOf(server.asSuperuser("select 'seven'::int")))).toBe(
    'invalid input syntax for type integer: "seven"',
  )
})
