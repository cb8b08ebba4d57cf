"""The page on Starlette with PyJWT and `@requires`, with the same cookie as the Rust sites.

    python3 benches/peers/article.py SECRET PORT open|guarded

`open` serves the page without middleware and guard. uvicorn runs with uvloop and httptools, in one
process and without an access log.
"""
import sys

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

COOKIE, ISSUER, AUDIENCE = "__Host-hallpass", "https://site.example", "site"


class JWTBackend(AuthenticationBackend):
    def __init__(self, secret):
        self.secret = secret

    async def authenticate(self, request):
        token = request.cookies.get(COOKIE)
        if token is None:
            return None
        try:
            claims = jwt.decode(token, self.secret, algorithms=["HS256"], issuer=ISSUER, audience=AUDIENCE)
        except jwt.InvalidTokenError:
            return None
        return AuthCredentials(["authenticated", *claims["roles"]]), SimpleUser(claims["sub"])


async def hello(request):
    return PlainTextResponse("hello")


@requires(["authenticated", "admin"])
async def admin(request):
    return PlainTextResponse("hello")


def main(secret, port, kind):
    if kind == "open":
        app = Starlette(routes=[Route("/admin", hello)])
    else:
        middleware = [Middleware(AuthenticationMiddleware, backend=JWTBackend(secret))]
        app = Starlette(routes=[Route("/admin", admin)], middleware=middleware)
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False, loop="uvloop", http="httptools")


if __name__ == "__main__":
    main(*sys.argv[1:])
