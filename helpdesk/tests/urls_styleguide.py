"""The product's addresses with the style guide, which a real run has only with DEBUG."""

from helpdesk.styleguide import urlpatterns as styleguide
from helpdesk.urls import urlpatterns as product

urlpatterns = [*styleguide, *product]
