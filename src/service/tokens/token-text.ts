import { createHash, randomBytes } from 'node:crypto'

const FORM = /^ctk_[A-Za-z0-9_-]{43}$/

/** A new token: 256 random bits. */
export const makeToken = () => `ctk_${randomBytes(32).toString('base64url')}`

export const isToken = (text: string) => FORM.test(text)

/** The SHA-256 of a token in hex, which is all that is kept of it. 256 random bits need no salt and no slow digest. */
export const digestOfToken = (token: string) => createHash('sha256').update(token).digest('hex')
