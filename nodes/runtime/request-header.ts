// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/**
 * The header that each request of a dialog of ours carries. A form cannot set one, and a script on a page of another
 * origin only where the server allows it (CORS).
 */
export const requestHeader = "X-Requested-With";
