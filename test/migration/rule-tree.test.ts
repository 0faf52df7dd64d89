import { expect, test } from 'vitest'
import { readRuleTree } from '../../src/migration/rule-tree.ts'

const NOTHING = { functions: [], operators: [], families: [], types: [], relations: [], faults: [] }

test.for([
  { tree: '{FUNCEXPR :funcid 2026 :funcresulttype 23}', found: { functions: [2026], types: [23] } },
  {
    tree: '{OPEXPR :opno 96 :opfuncid 65 :opresulttype 16}',
    found: { operators: [96], functions: [65], types: [16] },
  },
  { tree: '{AGGREF :aggfnoid 2517 :aggargtypes (o 16 23)}', found: { functions: [2517], types: [16, 23] } },
  {
    tree: '{ROWCOMPARE :opnos (o 97 664) :opfamilies (o 1976)}',
    found: { operators: [97, 664], families: [1976] },
  },
  { tree: '{SORTGROUPCLAUSE :eqop 98 :sortop 664}', found: { operators: [98, 664] } },
  { tree: '{QUERY :commandType 1 :rtable ({RTE :relid 16394})}', found: { relations: [16394] } },
  { tree: '{QUERY :commandType 3 }', found: { faults: ['it is not only a SELECT'] } },
  { tree: '({ROWMARKCLAUSE :rti 1})', found: { faults: ['it locks rows'] } },
  {
    tree: '{NEXTVALUEEXPR :seqid 5}',
    found: { faults: ['it has a part that Cutter can’t judge (NEXTVALUEEXPR)'] },
  },
  { tree: '{TARGETENTRY :resname :funcid :resno 1 :expr {FUNCEXPR :funcid 7}}', found: { functions: [7] } },
])('readRuleTree finds what $tree names', ({ tree, found }) => {
  expect(readRuleTree(tree)).toEqual({ ...NOTHING, ...found })
})
