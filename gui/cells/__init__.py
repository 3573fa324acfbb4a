"""The Cells room: what recurrent cells do on the text on the desk."""
