"""The pages, one file each: ``page(context)`` builds one beneath the frame."""
