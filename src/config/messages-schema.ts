import { z } from 'zod'
import { MESSAGE_KINDS } from '../domain/message.ts'
import { isWebOrigin } from './web-origin.ts'

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
const webUrl = z.url({ protocol: /^https?$/, error: 'must be a URL of http or https' })
const address = z
  .string()
  .regex(/^[^\s<>@]+@[^\s<>@]+$/, 'must be an e-mail address, such as ops@example.org')

const webhook = z
  .strictObject({ url: webUrl.optional(), urlEnv: envName.optional(), secretEnv: envName })
  .refine(({ url, urlEnv }) => (url === undefined) !== (urlEnv === undefined), {
    message: 'must have url, or urlEnv where the URL is a secret',
  })

/** How a receiver gets its messages. */
const ways = {
  webhook: webhook.optional(),
  command: z
    .array(z.string().min(1))
    .min(1)
    .refine(
      ([program]) => program?.startsWith('/') === true,
      'must begin with the absolute path of a program',
    )
    .optional(),
  slack: z.strictObject({ urlEnv: envName }).optional(),
  ntfy: z.strictObject({ url: webUrl, topic: z.string().min(1), tokenEnv: envName.optional() }).optional(),
  email: z.strictObject({ smtpEnv: envName, from: address, to: z.array(address).min(1) }).optional(),
}

const receiver = z
  .strictObject({
    ...ways,
    kinds: z.array(z.enum(MESSAGE_KINDS)).min(1).optional(),
    machines: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine((given) => Object.keys(ways).filter((way) => Object.hasOwn(given, way)).length === 1, {
    message: `must have one of ${Object.keys(ways).join(', ')}`,
  })

/** One receiver as cutter.yaml describes it. */
export type Receiver = z.infer<typeof receiver>

const hours = z.number().positive().max(8_760)

/** Who gets messages on runs and holds, and when. */
export const messages = z.strictObject({
  link: z
    .string()
    .refine(isWebOrigin, 'must be https:// and a host, such as https://cutter.example.org')
    .optional(),
  reminderHours: hours.default(24),
  expiringHours: hours.default(2),
  deadHours: hours.default(72),
  receivers: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, 'a receiver is named with small letters, digits and "-"'),
      receiver,
    )
    .default({}),
})
