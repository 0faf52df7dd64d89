import { MOVING_TOOLS } from './moving-tools.ts'
import { PREPARING_TOOLS } from './preparing-tools.ts'
import { READING_TOOLS } from './reading-tools.ts'
import type { Tool } from './tool.ts'

/** Everything that an agent can do. None approves, imports a signature, allows live writes, ends or releases a hold, or makes a token. */
export const TOOLS: Tool[] = [...READING_TOOLS, ...MOVING_TOOLS, ...PREPARING_TOOLS]
