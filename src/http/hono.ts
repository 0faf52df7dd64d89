/** The packages of the service’s API. The build puts them into one file of their own, which no other command loads. */

export { graphlib, layout } from '@dagrejs/dagre'
export { getRequestListener } from '@hono/node-server'
export { createRoute, OpenAPIHono } from '@hono/zod-openapi'
export { type Context, Hono } from 'hono'
