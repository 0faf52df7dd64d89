import { z } from 'zod'
import { type Answers, refusal, status, text, time } from './parts.ts'

const token = z.strictObject({
  tokenId: text,
  name: text.describe('The operator whom histories name.'),
  role: z.enum(['viewer', 'operator', 'admin']),
  machines: z.array(text).nullable().describe('The machines whose runs it reaches; null for all.'),
  runId: text.nullable().describe('The only run that a read-only link reaches.'),
  createdAt: time,
  createdBy: text,
  expiresAt: time,
  revokedAt: time.nullable(),
  revokedBy: text.nullable(),
  lastUsedAt: time.nullable(),
  valid: z.boolean().describe('Whether it counts now.'),
})

/** Answers of the service and of the commands about it. */
export const SERVICE_ANSWERS: Answers = {
  'token-created': {
    commands: ['token create'],
    title: 'A new token of the service',
    schema: token.extend({ token: text.describe('The token itself. It is shown once.') }),
  },
  token: {
    commands: ['token revoke'],
    title: 'A token of the service, without the token itself',
    schema: token,
  },
  'token-list': { commands: ['token list'], title: 'Tokens, oldest first', schema: z.array(token) },
  'service-address': {
    commands: ['serve'],
    title: 'Where the service listens, once it does',
    schema: z.strictObject({ url: z.url(), socket: text.describe('Absolute path of the unix socket.') }),
  },
  'service-unit': {
    commands: ['serve --systemd'],
    title: 'A unit for systemd that serves the home',
    schema: z.strictObject({ unit: text.describe('The text of the unit file.') }),
  },
  'doctor-runs': {
    commands: ['doctor --runs'],
    title: 'What continues each open run, and whether that can still happen',
    schema: z.array(
      z.strictObject({
        runId: text,
        machine: text,
        about: text,
        status,
        state: text,
        wakes: z.enum(['approval', 'resume', 'work', 'timer']),
        gate: text.nullable(),
        expiresAt: time.nullable(),
        isStranded: z.boolean().describe('Nothing continues it until somebody changes what `blockers` say.'),
        blockers: z.array(refusal),
      }),
    ),
  },
}
