import type { Sql } from '../../targets/target.ts'
import { FIRST_USER_OID } from './reached-objects.ts'

/**
 * Returns a digest of the functions that the operators, casts and aggregates of the application call. The catalogue of the schema
 * holds only their names, so that it would not show another function behind the same operator.
 */
export async function digestCallDefinitions(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ digest: string }>(DEFINITIONS)
  return rows[0]!.digest
}

const names = (functions: string) =>
  `array(select f::regprocedure::text from unnest((${functions})::oid[]) f)`

const DEFINITIONS = `
with definitions (definition) as (
  select jsonb_build_array('operator', oid::regoperator::text, ${names('array[oprcode, oprrest, oprjoin]')}, oprcom::regoperator::text,
    oprnegate::regoperator::text) from pg_operator where oid >= ${FIRST_USER_OID}
  union all
  select jsonb_build_array('cast', castsource::regtype::text, casttarget::regtype::text, castcontext, castmethod,
    castfunc::regprocedure::text) from pg_cast where oid >= ${FIRST_USER_OID}
  union all
  select jsonb_build_array('aggregate', aggfnoid::regprocedure::text, ${names('array[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]')},
    aggsortop::regoperator::text) from pg_aggregate where aggfnoid::oid >= ${FIRST_USER_OID}
)
select encode(sha256(convert_to(coalesce(jsonb_agg(definition order by definition::text collate "C")::text, ''), 'UTF8')), 'hex') as digest from definitions`
