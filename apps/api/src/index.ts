export type { ApiDependencies } from './dependencies.ts'
export { createInvoiceInspector, type InspectionLimits, type InvoiceInspector } from './invoice-inspection.ts'
export { buildServer, routesOf } from './server.ts'
