import { type KillPoint, testKillPoints } from './kill-points.ts'

// The write phases of a live run. After COMMIT was sent, the probe must find them committed, and they must not run again.

const next: [phase: string, after: string | null][] = [
  ['cut_leg_a', 'structural_verify'],
  ['leg_b_record', 'write_verify'],
  ['write_verify', null],
  ['lifecycle_enact', 'closeout'],
]

testKillPoints(
  'live',
  next.flatMap(([phase, after]): KillPoint[] => [
    { where: phase, point: 'before', phase, ran: 'execute' },
    { where: phase, point: 'begun', phase, ran: 'execute', place: 'target' },
    { where: phase, point: 'before-commit', phase, ran: 'execute', place: 'target' },
    { where: phase, point: 'commit-sent', phase, ran: 'probe', place: 'target' },
    { where: phase, point: 'committed', phase, ran: 'probe', place: 'target' },
    { where: phase, point: 'done', phase, ran: 'probe' },
    { where: phase, point: 'saved', phase: after, ran: 'execute' },
  ]),
)
