import { type KillPoint, testKillPoints } from './kill-points.ts'

// The read phases of a live run, and the steps between phases. A read is executed again.

const next: [phase: string, after: string | null][] = [
  ['source_pin', 'mark'],
  ['mark', 'cutplan'],
  ['cutplan', 'pre_write_backup'],
  ['pre_write_backup', 'grant_probe'],
  ['grant_probe', null],
  ['recheck_cut', 'cut_leg_a'],
  ['structural_verify', 'leg_b_record'],
  ['recheck_lifecycle', 'lifecycle_enact'],
  ['closeout', null],
]

const reads = next.flatMap(([phase, after]): KillPoint[] => [
  { where: phase, point: 'before', phase, ran: 'execute' },
  { where: phase, point: 'done', phase, ran: 'execute' },
  { where: phase, point: 'saved', phase: after, ran: 'execute' },
])

testKillPoints('live', [
  { where: 'start', point: 'unsaved', phase: null, ran: null },
  { where: 'start', point: 'saved', phase: 'source_pin', ran: null },
  ...reads,
  { where: 'grant_probe', point: 'committed', phase: 'grant_probe', ran: 'execute', place: 'copy' },
  { where: 'GRANTS_PROBED', point: 'unsaved', phase: null, ran: null },
  { where: 'GRANTS_PROBED', point: 'saved', phase: null, ran: null },
  { where: 'SG1', point: 'unsaved', phase: null, ran: null },
  { where: 'SG1', point: 'saved', phase: 'recheck_cut', ran: null },
  { where: 'WRITE_VERIFIED', point: 'unsaved', phase: null, ran: null },
  { where: 'WRITE_VERIFIED', point: 'saved', phase: null, ran: null },
  { where: 'SG2', point: 'unsaved', phase: null, ran: null },
  { where: 'SG2', point: 'saved', phase: 'recheck_lifecycle', ran: null },
])
