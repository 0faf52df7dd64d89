/**
 * Reads the object ids that a stored query or expression of PostgreSQL names (type pg_node_tree, such as pg_rewrite.ev_action). The
 * server resolved every function and operator when it stored the tree, so names and search paths no longer matter.
 * Source of the format: src/backend/nodes/outfuncs.c of PostgreSQL 13 to 18.
 */

/** What a tree names, by object id. `faults`: parts that no check may have, or that are unknown here. */
export interface TreeObjects {
  functions: number[]
  operators: number[]
  families: number[]
  types: number[]
  relations: number[]
  faults: string[]
}

const FUNCTION_KEYS =
  /^(funcid|opfuncid|hashfuncid|negfuncid|elemfuncid|aggfnoid|winfnoid|tsmhandler|startInRangeFunc|endInRangeFunc)$/
const OPERATOR_KEYS = /^(opno|opnos|eqop|sortop|cycle_mark_neop)$/
const TYPE_KEYS = /^(?!commandType$).*(type|types|typeid|typid)$/i

/** Nodes of a query that only reads, under their names in all these versions. */
const KNOWN_NODES = new Set(
  `QUERY RTE RANGETBLENTRY RTEPERMISSIONINFO ALIAS FROMEXPR RANGETBLREF JOINEXPR TARGETENTRY VAR CONST PARAM AGGREF GROUPINGFUNC
  WINDOWFUNC WINDOWCLAUSE SUBSCRIPTINGREF FUNCEXPR NAMEDARGEXPR OPEXPR DISTINCTEXPR NULLIFEXPR SCALARARRAYOPEXPR BOOLEXPR SUBLINK
  FIELDSELECT RELABELTYPE COERCEVIAIO ARRAYCOERCEEXPR CONVERTROWTYPEEXPR COLLATE COLLATEEXPR CASE CASEEXPR WHEN CASEWHEN CASETESTEXPR
  ARRAY ARRAYEXPR ROW ROWEXPR ROWCOMPARE ROWCOMPAREEXPR COALESCE COALESCEEXPR MINMAX MINMAXEXPR SQLVALUEFUNCTION XMLEXPR JSONFORMAT
  JSONRETURNING JSONVALUEEXPR JSONCONSTRUCTOREXPR JSONISPREDICATE JSONBEHAVIOR JSONEXPR JSONTABLEPATH JSONTABLEPATHSCAN
  JSONTABLESIBLINGJOIN NULLTEST BOOLEANTEST COERCETODOMAIN COERCETODOMAINVALUE SORTGROUPCLAUSE GROUPINGSET COMMONTABLEEXPR
  CTESEARCHCLAUSE CTECYCLECLAUSE SETOPERATIONSTMT RANGETBLFUNCTION TABLEFUNC TABLESAMPLECLAUSE`.split(/\s+/),
)

/** Reads a tree in its text form. */
export function readRuleTree(tree: string): TreeObjects {
  const found: TreeObjects = {
    functions: [],
    operators: [],
    families: [],
    types: [],
    relations: [],
    faults: findFaults(tree),
  }
  // A name can't hide a pair: the server writes a name with a backslash before each space and bracket of its own.
  for (const [, key, one, list] of tree.matchAll(/:(\w+) (?:(\d+)|\(o ([\d ]+)\))/g)) {
    const ids = (one ?? list!).split(' ').map(Number)
    listOf(found, key!)?.push(...ids.filter((id) => id > 0))
  }
  return found
}

function listOf(found: TreeObjects, key: string): number[] | null {
  if (FUNCTION_KEYS.test(key)) return found.functions
  if (OPERATOR_KEYS.test(key)) return found.operators
  if (key === 'opfamilies') return found.families
  if (key === 'relid') return found.relations
  return TYPE_KEYS.test(key) ? found.types : null
}

function findFaults(tree: string): string[] {
  const faults: string[] = []
  if (/:commandType (?!1\b)/.test(tree)) faults.push('it is not only a SELECT')
  if (/\{ROWMARKCLAUSE\b|:hasForUpdate true/.test(tree)) faults.push('it locks rows')
  const nodes = new Set([...tree.matchAll(/\{([A-Z_]+)/g)].map(([, name]) => name!))
  for (const name of nodes)
    if (!KNOWN_NODES.has(name) && name !== 'ROWMARKCLAUSE')
      faults.push(`it has a part that Cutter can’t judge (${name})`)
  return faults
}
