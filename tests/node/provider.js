// A real OpenID Connect provider on this machine, with one public client that must use PKCE. Prints its issuer when it listens.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, keys, callback, audience] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  jwks: { keys: JSON.parse(keys) },
  cookies: { keys: ["only for this test"] },
  clients: [{ client_id: "sigap", token_endpoint_auth_method: "none", redirect_uris: [callback] }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  extraTokenClaims: (_context, token) => ({ email: `${token.accountId}@surel.example`, email_verified: true, name: token.accountId }),
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: "", audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
    },
  },
});
createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => console.log(issuer));
