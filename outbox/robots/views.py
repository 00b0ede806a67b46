"""The robots at a glance: what each tells of, how its last message fared, and a button to try it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from outbox import clock
from outbox.models import Robot
from outbox.robots import sending
from outbox.robots.listening import at_a_glance
from outbox.views import SignedInRequest, requires

_for_administrators = requires("admin.configure")


@_for_administrators
@require_safe
def robots(request: SignedInRequest) -> HttpResponse:
    """All of them."""
    return render(request, "outbox/robots.html", {"rows": at_a_glance()})


@_for_administrators
@require_POST
def try_robot(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let one say that it works, and tell what its service answered."""
    robot = get_object_or_404(Robot, pk=pk)
    error = sending.try_out(robot=robot, now=clock.now())
    if error:
        messages.error(request, _("%(name)s: %(error)s") % {"name": robot.name, "error": error})
    else:
        messages.success(request, _("%(name)s said it. Look into the chat group.") % {"name": robot.name})
    return redirect("outbox:robots")
