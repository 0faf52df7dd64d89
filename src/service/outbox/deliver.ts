import { Webhook } from 'standardwebhooks'
import type { Receiver } from '../../config/messages-schema.ts'
import { AttemptError } from './attempt-error.ts'
import { composeLetter, type Payload } from './compose-message.ts'
import { post } from './post.ts'
import { runCommand } from './run-command.ts'
import { sendMail } from './send-mail.ts'

/** What one attempt may take. */
export interface Attempt {
  env: NodeJS.ProcessEnv
  now: Date
  /** Aborts when the time of the attempt is over, or the service ends. */
  end: AbortSignal
  /** The time of the attempt in milliseconds. */
  ms: number
}

/**
 * Tries once to deliver a message.
 * @throws AttemptError
 */
export async function deliver(receiver: Receiver, payload: Payload, attempt: Attempt): Promise<void> {
  const { env, end, ms } = attempt
  const { webhook, command, slack, ntfy, email } = receiver
  const letter = composeLetter(payload)
  if (webhook !== undefined) return postWebhook(webhook, payload, attempt)
  if (command !== undefined)
    return runCommand({ argv: command, input: `${JSON.stringify(payload)}\n`, env, end })
  if (slack !== undefined) {
    const text = `${escapeForSlack(letter.title)}\n${escapeForSlack(letter.link)}`
    return post({ url: variable(env, slack.urlEnv), headers: {}, body: JSON.stringify({ text }), end })
  }
  if (ntfy !== undefined) {
    const { url, topic, tokenEnv } = ntfy
    const headers = tokenEnv === undefined ? {} : { authorization: `Bearer ${variable(env, tokenEnv)}` }
    const body = JSON.stringify({ topic, message: letter.title, click: letter.link })
    return post({ url, headers: headers as { [name: string]: string }, body, end })
  }
  const { smtpEnv, from, to } = email!
  return sendMail({ url: variable(env, smtpEnv), from, to, id: payload.id, letter, ms })
}

/** By the Standard Webhooks specification: the signature covers id, time of the attempt and body. */
function postWebhook(
  { url, urlEnv, secretEnv }: NonNullable<Receiver['webhook']>,
  { id, ...body }: Payload,
  { env, now, end }: Attempt,
): Promise<void> {
  const text = JSON.stringify(body)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signed(variable(env, secretEnv), secretEnv, id, now, text),
  }
  return post({ url: url ?? variable(env, urlEnv!), headers, body: text, end })
}

function signed(secret: string, name: string, id: string, now: Date, text: string): string {
  try {
    return new Webhook(secret).sign(id, now, text)
  } catch {
    throw new AttemptError(
      `the variable ${name} holds no secret of a webhook: base64, with or without whsec_`,
    )
  }
}

function variable(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value === undefined || value === '') throw new AttemptError(`the service has no variable ${name}`)
  return value
}

/** The three characters that Slack reads as markup: mentions and links are written with them. */
const escapeForSlack = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
