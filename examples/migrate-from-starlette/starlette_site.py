"""The existing site: a JWT with a role in the cookie, and `@requires` on the routes.

Many Starlette sites use this scheme. The lines (1), (2) and (3) were added to share the cookie.
"""
import os
import time
from urllib.parse import parse_qs

import jwt
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

SECRET = os.environ["SITE_SECRET"]
COOKIE = "__Host-hallpass"  # (1) the cookie name of both sites; before it was "jwt"
ISSUER, AUDIENCE = "https://site.example", "site"
USERS = {"guido": ("correct horse battery", "admin"), "ada": ("correct horse battery", "guest")}  # a real site uses a database


class JWTBackend(AuthenticationBackend):
    async def authenticate(self, request):
        token = request.cookies.get(COOKIE)
        if token is None:
            return None
        try:
            # (2) checks issuer and audience; the check of the algorithm existed before
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=ISSUER, audience=AUDIENCE)
        except jwt.InvalidTokenError:
            return None
        roles = claims.get("roles", [claims.get("role", "guest")])
        return AuthCredentials(["authenticated", *roles]), SimpleUser(claims["sub"])


async def login(request):
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    password, role = USERS.get(form.get("username"), (None, None))
    if password is None or form.get("password") != password:
        return PlainTextResponse("no", status_code=401)
    claims = {"sub": form["username"], "user_id": 42, "role": role, "exp": int(time.time()) + 900}
    claims |= {"iss": ISSUER, "aud": AUDIENCE}  # (3) adds issuer and audience
    answer = RedirectResponse("/profile", status_code=303)
    answer.set_cookie(COOKIE, jwt.encode(claims, SECRET, algorithm="HS256"), max_age=900, secure=True, httponly=True, samesite="lax")
    return answer


@requires("authenticated", status_code=401)
async def profile(request):
    return PlainTextResponse(f"Starlette: {request.user.username}")


@requires(["authenticated", "admin"])
async def admin(request):
    return PlainTextResponse(f"Starlette, for admins: {request.user.username}")


app = Starlette(
    routes=[Route("/login", login, methods=["POST"]), Route("/profile", profile), Route("/admin", admin)],
    middleware=[Middleware(AuthenticationMiddleware, backend=JWTBackend())],
)
