"""Styles without a network: filters of pictures, colours kept, cartoons enlarged."""
