import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { closed, gate, type MachineDefinition } from '../../src/machine/define.ts'
import { mermaid } from '../../src/machine/diagram.ts'
import { aMachine } from '../machine/drive-steps.ts'
import { shippedMachines } from './explore-chart.ts'

const README = resolve(import.meta.dirname, '../../machines/README.md')

const section = (machine: MachineDefinition) => `## ${machine.name}, version ${machine.version}

\`\`\`mermaid
${mermaid(machine)}\`\`\`
`

test('machines/README.md shows the charts of all shipped machines', async () => {
  const machines = await shippedMachines()
  expect(machines.map(({ name }) => name)).toContain('cut')
  const text = `# Machines

Drawn from the charts by \`npm run diagrams\`; a test compares.

- A box is a state: the milestone that a run has reached, as \`run show\` names it.
- The word on an arrow is the phase that leads to the next state. An arrow without a word only arrives.
- A coloured box is a gate. The run waits there for a signed approval of its plan, a rejection, or a void. The phase named after "then"
  surveys the world again before the approval is used.
- A phase that cannot be done stops the run in its state. \`cutter run resume\` continues it.
- A run that closes otherwise than as succeeded keeps the name of the state that it had reached.

${machines.map(section).join('\n')}`
  await expect(text).toMatchFileSnapshot(README)
})

test('mermaid draws states, phases, delays, gates and outcomes of a chart', () => {
  const logic = createMachine({
    id: 'chart',
    initial: 'A',
    on: { CANCEL: '.GONE' },
    states: {
      A: {
        initial: 'on',
        states: { on: { invoke: { id: 'job', src: 'job', onDone: '#chart.B', onError: '#chart.FAILED' } } },
      },
      B: { after: { 90000: 'C' } },
      C: { meta: gate('SG1'), on: { APPROVE: 'D' } },
      D: { type: 'final', meta: closed('succeeded') },
      FAILED: { type: 'final', meta: closed('failed') },
      GONE: { type: 'final', meta: closed('cancelled') },
    },
  })
  expect(mermaid(aMachine(logic))).toBe(`stateDiagram-v2
  [*] --> A
  A --> B: job
  A --> FAILED: job fails
  B --> C: after 90000 ms
  C --> D: APPROVE
  state "any milestone" as anywhere
  anywhere --> GONE: CANCEL
  C: C<br/>gate SG1
  D --> [*]: succeeded
  FAILED --> [*]: failed
  GONE --> [*]: cancelled
  classDef gate fill:#fff3c4,stroke:#8a6d00,color:#000
  class C gate
`)
})
